using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Certificates;

namespace OpsRunbook.Cmdlets;

/// <summary>Puts a self-signed certificate in the place of a broken one of the stack, for some days. The result knows the way back.</summary>
[Cmdlet(VerbsCommon.New, "TemporaryCertificate", SupportsShouldProcess = true, DefaultParameterSetName = "Name")]
[OutputType(typeof(CertificateChange), typeof(OpsPlanStep))]
public sealed class NewTemporaryCertificateCommand : ChangeCmdlet
{
    private static readonly TimeSpan Shortest = TimeSpan.FromDays(1);
    private static readonly TimeSpan Longest = TimeSpan.FromDays(30);
    private readonly List<string> _names = [];
    private readonly List<CertificateChange> _undo = [];

    /// <summary>Certificates of the stack; they need <c>file</c> and <c>key</c> there.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = "Name", ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(StackMemberCompleter))]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = [];

    /// <summary>Names and addresses that it is for; without it those of the certificate that it replaces.</summary>
    [Parameter(ParameterSetName = "Name")]
    [ValidateNotNullOrEmpty]
    public string[] DnsName { get; set; } = [];

    /// <summary>Kind of the key: ECDSA P-256 or RSA 2048.</summary>
    [Parameter(ParameterSetName = "Name")]
    [ValidateSet("ECDSA", "RSA")]
    public string KeyAlgorithm { get; set; } = "ECDSA";

    /// <summary>How long it is valid: one to thirty days.</summary>
    [Parameter(ParameterSetName = "Name")]
    [DurationTransform]
    public TimeSpan For { get; set; } = TimeSpan.FromDays(7);

    /// <summary>Longest time for the reload, and for the proof that the certificate is served.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Puts back what a result of this command has replaced.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Undo")]
    public SwitchParameter Undo { get; set; }

    /// <summary>The result that is undone.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Undo", ValueFromPipeline = true)]
    [ValidateNotNull]
    public CertificateChange? InputObject { get; set; }

    /// <inheritdoc/>
    protected override Task BeginAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        RequirePositive(Timeout);
        return For >= Shortest && For <= Longest
            ? Task.CompletedTask
            : throw new OpsException("Parameter.OutOfRange", OpsErrorKind.InvalidArgument, $"-For {Duration.Format(For)} is not between one and thirty days.", "Write for example '7d'.", For);
    }

    /// <inheritdoc/>
    protected override Task ProcessAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        if (InputObject is not null)
        {
            _undo.Add(InputObject);
        }

        _names.AddRange(Name);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    protected override async Task EndAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        await using var session = await OpenStackAsync(output, cancellationToken);
        var certificates = new TemporaryCertificates(session, await OpenChangesAsync(session, output, cancellationToken, Timeout), output, Timeout);
        foreach (var made in _undo)
        {
            await certificates.UndoAsync(made, cancellationToken);
        }

        foreach (var name in _names.Where(_ => _undo.Count == 0))
        {
            await certificates.DeployAsync(name, new TemporaryCertificateRequest { Names = DnsName, Rsa = KeyAlgorithm == "RSA", For = For }, cancellationToken);
        }
    }
}
