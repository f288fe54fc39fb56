using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Incidents;

namespace OpsRunbook.Cmdlets;

/// <summary>Lists the incidents of a stack, with timeline, times, and what is overdue.</summary>
[Cmdlet(VerbsCommon.Get, "Incident")]
[OutputType(typeof(OpsIncident))]
public sealed class GetIncidentCommand : StackCmdlet
{
    /// <summary>Ids, with wildcards. Without it: all of the stack.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    public string[] Id { get; set; } = [];

    /// <summary>Only the open one.</summary>
    [Parameter]
    public SwitchParameter Open { get; set; }

    /// <summary>Incidents that began at this moment or later: a moment, or a duration such as 30d for so long ago.</summary>
    [Parameter]
    public object? Since { get; set; }

    /// <summary>Only so many, the newest.</summary>
    [Parameter]
    [ValidateRange(1, 1_000_000)]
    public int Last { get; set; }

    /// <inheritdoc/>
    protected override async Task ProcessAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(output);
        var since = LogMoment.Read(Since, nameof(Since), area: "Incident");
        await using var session = await OpenStackAsync(output, cancellationToken, discover: false);
        var filter = new NameFilter(Id);
        var found = (await new IncidentLog(session.State, session.Stack).GetAsync(id => filter.Includes(id), On(Open), output, cancellationToken))
            .Where(incident => since is null || incident.Started >= since)
            .ToList();
        foreach (var error in filter.Unused("Incident.NotFound", "incident"))
        {
            output.Error(error);
        }

        foreach (var incident in IsBound(nameof(Last)) ? found.TakeLast(Last) : found)
        {
            await output.WriteAsync(incident, cancellationToken);
        }
    }
}
