using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Monitoring;

namespace OpsRunbook.Cmdlets;

/// <summary>Ends silences of Alertmanager before their time.</summary>
[Cmdlet(VerbsCommon.Remove, "AlertSilence", SupportsShouldProcess = true)]
[OutputType(typeof(OpsPlanStep))]
public sealed class RemoveAlertSilenceCommand : ChangeCmdlet
{
    private readonly List<string> _ids = [];

    /// <summary>Ids of the silences.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string[] Id { get; set; } = [];

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
        _ids.AddRange(Id);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    protected override async Task EndAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        await using var session = await OpenStackAsync(output, cancellationToken, discover: false);
        var changes = await OpenChangesAsync(session, output, cancellationToken);
        await new Silencer(MonitoringServer.Alertmanager(session, Uri, Credentials(Credential)), changes, output).ExpireAsync(_ids, cancellationToken);
    }
}
