using System.Management.Automation;
using System.Security.Cryptography.X509Certificates;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Certificates;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Cmdlets;

/// <summary>Tests certificates in files, at endpoints, of certbot and of the stack: dates, names, chain, key, weak parts, served against disk.</summary>
[Cmdlet(VerbsDiagnostic.Test, "Certificate", DefaultParameterSetName = "Name")]
[OutputType(typeof(CertificateStatus))]
public sealed class TestCertificateCommand : StackCmdlet
{
    private readonly List<string> _paths = [];
    private readonly List<string> _endpoints = [];
    private readonly List<string> _lineages = [];
    private readonly List<string> _names = [];
    private readonly List<X509Certificate2> _certificates = [];

    /// <summary>Files, folders with everything below them, and paths with wildcards: PEM, DER, PKCS #12.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = "Path", ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("FullName")]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[] Path { get; set; } = [];

    /// <summary>Servers: <c>host:port</c>, or a host for port 443.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Endpoint")]
    [ValidateNotNullOrEmpty]
    public string[] Endpoint { get; set; } = [];

    /// <summary>Certificates of the stack, with wildcards; all of them without any of the other ways to name one.</summary>
    [Parameter(ParameterSetName = "Name")]
    [ArgumentCompleter(typeof(StackMemberCompleter))]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    /// <summary>Certificates that certbot renews, with wildcards.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Lineage")]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[] Lineage { get; set; } = [];

    /// <summary>Certificates that are there already.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Certificate", ValueFromPipeline = true)]
    [ValidateNotNull]
    public X509Certificate2[] Certificate { get; set; } = [];

    /// <summary>Private key that must belong to the certificate.</summary>
    [Parameter(ParameterSetName = "Path")]
    [Parameter(ParameterSetName = "Lineage")]
    [Parameter(ParameterSetName = "Certificate")]
    [ValidateNotNullOrEmpty]
    public string? KeyPath { get; set; }

    /// <summary>Passphrase of a PKCS #12 file or an encrypted key; the user name does not matter.</summary>
    [Parameter]
    [Credential]
    public PSCredential? Credential { get; set; }

    /// <summary>Name to ask for (SNI) and to verify.</summary>
    [Parameter(ParameterSetName = "Path")]
    [Parameter(ParameterSetName = "Endpoint")]
    [Parameter(ParameterSetName = "Lineage")]
    [Parameter(ParameterSetName = "Certificate")]
    [ValidateNotNullOrEmpty]
    public string? ServerName { get; set; }

    /// <summary>How TLS is begun; by the port without it.</summary>
    [Parameter(ParameterSetName = "Endpoint")]
    [ValidateSet("auto", "none", "smtp", "imap", "postgresql", "mysql", "ldap")]
    public string StartTls { get; set; } = "auto";

    /// <summary>Host of the stack, or <c>ssh://[user@]host[:port]</c>, that the files lie on and connections start from.</summary>
    [Parameter(ParameterSetName = "Path")]
    [Parameter(ParameterSetName = "Endpoint")]
    [Parameter(ParameterSetName = "Lineage")]
    [ValidateNotNullOrEmpty]
    public string? From { get; set; }

    /// <summary>certbot's configuration folder.</summary>
    [Parameter(ParameterSetName = "Lineage")]
    [Parameter(ParameterSetName = "Name")]
    [ValidateNotNullOrEmpty]
    public string CertbotDirectory { get; set; } = "/etc/letsencrypt";

    /// <summary>Warning when no more than this is left; 30 days, or what the stack says.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan Warning { get; set; }

    /// <summary>Critical when no more than this is left; 7 days, or what the stack says.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan Critical { get; set; }

    /// <summary>Moment to judge for, or how far ahead it is: <c>30d</c>.</summary>
    [Parameter]
    [ValidateNotNull]
    public object? At { get; set; }

    /// <summary>File with the certificate authorities to trust instead of the machine's own.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? CaFile { get; set; }

    /// <summary>Ask the authority whether it was revoked (OCSP, CRL). Without it nothing but the endpoint itself is asked over the network.</summary>
    [Parameter]
    public SwitchParameter CheckRevocation { get; set; }

    /// <summary>Longest time for each endpoint.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Most files or endpoints looked at at the same time.</summary>
    [Parameter]
    [ValidateRange(1, 1000)]
    public int ThrottleLimit { get; set; } = 64;

    /// <inheritdoc/>
    protected override Task ProcessAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        _paths.AddRange(Path);
        _endpoints.AddRange(Endpoint);
        _lineages.AddRange(Lineage);
        _names.AddRange(Name);
        _certificates.AddRange(Certificate);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    protected override async Task EndAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        var terms = new CertificateTerms
        {
            At = LogMoment.Read(At, nameof(At), ahead: true) ?? DateTime.UtcNow,
            CaFile = CaFile is null ? null : System.IO.Path.GetFullPath(CaFile, WorkingDirectory),
            CheckRevocation = On(CheckRevocation),
            Timeout = WaitingTime.Require(Timeout, nameof(Timeout)),
            Password = Credentials(Credential)?.Password,
        };
        if (_paths.Count + _endpoints.Count + _lineages.Count + _certificates.Count == 0)
        {
            await using var session = await OpenStackAsync(output, cancellationToken);
            await CertificateTest.RunAsync(session, _names, certificate => Limited(terms, certificate), CertbotDirectory, output, cancellationToken);
            return;
        }

        await using var stack = From is null ? null : await OpenStackAsync(output, cancellationToken, discover: false);
        await using var hosts = stack is null ? null : HostSelection.Open(stack, [From!], output);
        await using var local = new LocalHost();
        if (hosts is { Hosts.Count: 0 })
        {
            return;
        }

        var request = new CertificateTestRequest
        {
            Paths = hosts is null ? _paths.ConvertAll(path => System.IO.Path.GetFullPath(path, WorkingDirectory)) : _paths,
            Endpoints = _endpoints,
            Lineages = _lineages,
            Certificates = _certificates,
            ServerName = ServerName,
            StartTls = StartTls,
            KeyPath = KeyPath is null ? null : hosts is null ? System.IO.Path.GetFullPath(KeyPath, WorkingDirectory) : KeyPath,
            CertbotFolder = CertbotDirectory,
            ThrottleLimit = ThrottleLimit,
        };
        await CertificateTest.RunAsync(hosts is null ? local : hosts.Hosts[0], request, Limited(terms, new StackCertificate()), output, cancellationToken);
    }

    private CertificateTerms Limited(CertificateTerms terms, StackCertificate certificate) => terms with
    {
        Warning = IsBound(nameof(Warning)) ? Warning : certificate.Warning,
        Critical = IsBound(nameof(Critical)) ? Critical : certificate.Critical,
    };
}
