using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Monitoring;

namespace OpsRunbook.Cmdlets;

/// <summary>Lists alerts that fire or are about to, from Prometheus and Alertmanager.</summary>
[Cmdlet(VerbsCommon.Get, "Alert")]
[OutputType(typeof(OpsAlert))]
public sealed class GetAlertCommand : StackCmdlet
{
    private readonly List<string> _names = [];

    /// <summary>Names of alerts, with wildcards. Without it: all of them.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    /// <summary>Only alerts in this state.</summary>
    [Parameter]
    [ValidateSet("firing", "pending", "silenced", "inhibited")]
    public string[] State { get; set; } = [];

    /// <summary>Base address of Prometheus. Without it: the one of the stack.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? PrometheusUri { get; set; }

    /// <summary>Base address of Alertmanager. Without it: the one of the stack.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? AlertmanagerUri { get; set; }

    /// <summary>User and password for both, or for the proxy before them.</summary>
    [Parameter]
    [Credential]
    public PSCredential? Credential { get; set; }

    /// <inheritdoc/>
    protected override Task ProcessAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        _names.AddRange(Name);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    protected override async Task EndAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(output);
        await using var session = await OpenStackAsync(output, cancellationToken, discover: false);
        var monitoring = session.Stack.Monitoring;
        var asksPrometheus = PrometheusUri is not null || (AlertmanagerUri is null && monitoring?.Prometheus is not null);
        var asksAlertmanager = AlertmanagerUri is not null || (PrometheusUri is null && monitoring?.Alertmanager is not null);
        if (!asksPrometheus && !asksAlertmanager)
        {
            throw new OpsException(
                "Alert.NotConfigured",
                OpsErrorKind.InvalidArgument,
                $"The stack '{session.Stack.Name}' has neither a Prometheus nor an Alertmanager.",
                "Name them under 'monitoring' in the stack file, or give -PrometheusUri or -AlertmanagerUri.");
        }

        var login = Credentials(Credential);
        var prometheus = AskAsync(asksPrometheus, () => new PrometheusClient(MonitoringServer.Prometheus(session, PrometheusUri, login)).AlertsAsync(cancellationToken), output);
        var alertmanager = AskAsync(asksAlertmanager, () => new AlertmanagerClient(MonitoringServer.Alertmanager(session, AlertmanagerUri, login)).AlertsAsync(cancellationToken), output);
        var filter = new NameFilter(_names);
        foreach (var alert in AlertList.Merge(await prometheus, await alertmanager))
        {
            if (filter.Includes(alert.Name) && (State.Length == 0 || State.Contains(alert.State, StringComparer.OrdinalIgnoreCase)))
            {
                await output.WriteAsync(alert, cancellationToken);
            }
        }
    }

    // When one of the two does not answer, the other still tells what it knows.
    private static async Task<IReadOnlyList<OpsAlert>> AskAsync(bool asks, Func<Task<IReadOnlyList<OpsAlert>>> ask, IOperationOutput output)
    {
        try
        {
            return asks ? await ask() : [];
        }
        catch (OpsException error)
        {
            output.Error(error);
            return [];
        }
    }
}
