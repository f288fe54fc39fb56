using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Certificates;

/// <summary>A lineage that is to be renewed, and what the stack says about its certificate.</summary>
/// <param name="Name">Name in the stack; of the lineage when the stack has none for it.</param>
/// <param name="Host">Host of certbot.</param>
/// <param name="Lineage">The lineage.</param>
/// <param name="Certificate">Where it is served and what is reloaded.</param>
internal sealed record RenewalTarget(string Name, IHost Host, CertbotLineage Lineage, StackCertificate Certificate)
{
    /// <summary>The file that a server reads.</summary>
    public string File => Lineage.FullChain ?? Lineage.Certificate
        ?? throw new OpsException("Certificate.RenewalConfigInvalid", OpsErrorKind.InvalidData, $"{Lineage.ConfigFile} on {Host.Name} names no certificate.", "Issue it once more: certbot certonly --cert-name NAME.", Name);
}
