using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Certificates;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Cmdlets;

/// <summary>Has certbot renew what is due, reloads the server, and proves by a handshake that the new certificate is served.</summary>
[Cmdlet(VerbsData.Update, "Certificate", SupportsShouldProcess = true, DefaultParameterSetName = "Name")]
[OutputType(typeof(CertificateChange), typeof(OpsPlanStep))]
public sealed class UpdateCertificateCommand : ChangeCmdlet
{
    private readonly List<string> _names = [];
    private readonly List<string> _lineages = [];

    /// <summary>Certificates of the stack that certbot renews (<c>renew: certbot</c>), with wildcards; all of them without it.</summary>
    [Parameter(Position = 0, ParameterSetName = "Name", ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(StackMemberCompleter))]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    /// <summary>Lineages of certbot, with wildcards, instead of certificates of the stack.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Lineage")]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[] Lineage { get; set; } = [];

    /// <summary>Host of the lineages: of the stack, or <c>ssh://[user@]host[:port]</c>.</summary>
    [Parameter(ParameterSetName = "Lineage")]
    [ValidateNotNullOrEmpty]
    public string? From { get; set; }

    /// <summary>Only try whether it would work: with the authority's staging server, which keeps no count. Nothing is replaced.</summary>
    [Parameter]
    public SwitchParameter DryRun { get; set; }

    /// <summary>certbot's configuration folder.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string CertbotDirectory { get; set; } = "/etc/letsencrypt";

    /// <summary>The program certbot, when it is not on PATH.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string CertbotPath { get; set; } = "certbot";

    /// <summary>Longest time for the reload, and for the proof that the certificate is served.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <inheritdoc/>
    protected override Task ProcessAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        _names.AddRange(Name);
        _lineages.AddRange(Lineage);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    protected override async Task EndAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        RequirePositive(Timeout);
        await using var session = await OpenStackAsync(output, cancellationToken, discover: _lineages.Count == 0);
        await using var hosts = From is null ? null : HostSelection.Open(session, [From], output);
        if (hosts is { Hosts.Count: 0 })
        {
            return;
        }

        var request = new CertificateRenewalRequest
        {
            Names = _names,
            Lineages = _lineages,
            DryRun = On(DryRun),
            CertbotFolder = CertbotDirectory,
            CertbotProgram = CertbotPath,
            Timeout = Timeout,
        };
        await new CertificateRenewals(session, await OpenChangesAsync(session, output, cancellationToken, Timeout), output).RunAsync(request, hosts?.Hosts[0], cancellationToken);
    }
}
