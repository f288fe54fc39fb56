namespace OpsRunbook.Engine.Certificates;

/// <summary>Certificates that certbot shall renew.</summary>
public sealed record CertificateRenewalRequest
{
    /// <summary>Certificates of the stack, with wildcards; none for all that certbot renews.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];

    /// <summary>Lineages with wildcards, instead of certificates of the stack; none for those.</summary>
    public IReadOnlyList<string> Lineages { get; init; } = [];

    /// <summary>Only try whether it would work; nothing is replaced.</summary>
    public bool DryRun { get; init; }

    /// <summary>certbot's configuration folder.</summary>
    public string CertbotFolder { get; init; } = CertbotLineage.DefaultFolder;

    /// <summary>The program certbot: a name to be found on PATH, or a path.</summary>
    public string CertbotProgram { get; init; } = Certbot.DefaultProgram;

    /// <summary>Longest time for the reload, and for the proof that the certificate is served.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(15);
}
