using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Monitoring;

namespace OpsRunbook.Cmdlets;

/// <summary>Lists silences of Alertmanager.</summary>
[Cmdlet(VerbsCommon.Get, "AlertSilence")]
[OutputType(typeof(AlertSilence))]
public sealed class GetAlertSilenceCommand : StackCmdlet
{
    /// <summary>Only these, by id.</summary>
    [Parameter(Position = 0)]
    [ValidateNotNullOrEmpty]
    public string[] Id { get; set; } = [];

    /// <summary>Those that are over too.</summary>
    [Parameter]
    public SwitchParameter All { get; set; }

    /// <summary>Base address of Alertmanager. Without it: the one of the stack.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Uri { get; set; }

    /// <summary>User and password for Alertmanager, or for the proxy before it.</summary>
    [Parameter]
    [Credential]
    public PSCredential? Credential { get; set; }

    /// <inheritdoc/>
    protected override async Task EndAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(output);
        await using var session = await OpenStackAsync(output, cancellationToken, discover: false);
        var silences = await new AlertmanagerClient(MonitoringServer.Alertmanager(session, Uri, Credentials(Credential))).SilencesAsync(cancellationToken);
        var filter = new NameFilter(Id);
        foreach (var silence in silences.Where(silence => filter.Includes(silence.Id) && (On(All) || Id.Length > 0 || silence.State != "expired")))
        {
            await output.WriteAsync(silence, cancellationToken);
        }

        foreach (var error in filter.Unused("Alert.SilenceNotFound", "silence"))
        {
            output.Error(error);
        }
    }
}
