using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Monitoring;

namespace OpsRunbook.Cmdlets;

/// <summary>Mutes alerts in Alertmanager for a while.</summary>
[Cmdlet(VerbsCommon.New, "AlertSilence", SupportsShouldProcess = true, DefaultParameterSetName = "Matcher")]
[OutputType(typeof(AlertSilence), typeof(OpsPlanStep))]
public sealed class NewAlertSilenceCommand : ChangeCmdlet
{
    private readonly List<OpsAlert> _alerts = [];

    /// <summary>Conditions that an alert must all meet: <c>alertname=HighCPUUsage</c>, <c>instance=~web.*</c>.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = "Matcher")]
    [ValidateNotNullOrEmpty]
    public string[] Matcher { get; set; } = [];

    /// <summary>Alerts of Get-Alert; each gets a silence of its own, for just its labels.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = "Alert")]
    public OpsAlert? Alert { get; set; }

    /// <summary>How long.</summary>
    [Parameter(Mandatory = true)]
    [DurationTransform]
    public TimeSpan For { get; set; }

    /// <summary>Why; the others who are on call read it in Alertmanager.</summary>
    [Parameter(Mandatory = true)]
    [ValidateNotNullOrEmpty]
    public string Comment { get; set; } = string.Empty;

    /// <summary>Who.</summary>
    [Parameter(Mandatory = true)]
    [ValidateNotNullOrEmpty]
    public string Author { get; set; } = string.Empty;

    /// <summary>Base address of Alertmanager. Without it: the one of the stack.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Uri { get; set; }

    /// <summary>User and password for Alertmanager, or for the proxy before it.</summary>
    [Parameter]
    [Credential]
    public PSCredential? Credential { get; set; }

    /// <inheritdoc/>
    protected override Task ProcessAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        if (Alert is not null)
        {
            _alerts.Add(Alert);
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    protected override async Task EndAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(output);
        RequirePositive(For);
        var silences = Matcher.Length > 0 ? [Matcher.Select(AlertMatchers.Parse).ToList()] : _alerts.Select(alert => AlertMatchers.Of(alert.Labels)).ToList();
        await using var session = await OpenStackAsync(output, cancellationToken, discover: false);
        var changes = await OpenChangesAsync(session, output, cancellationToken);
        var silencer = new Silencer(MonitoringServer.Alertmanager(session, Uri, Credentials(Credential)), changes, output);
        foreach (var matchers in silences)
        {
            if (await silencer.CreateAsync(matchers, For, Comment, Author, cancellationToken) is { } silence)
            {
                await output.WriteAsync(silence, cancellationToken);
            }
        }
    }
}
