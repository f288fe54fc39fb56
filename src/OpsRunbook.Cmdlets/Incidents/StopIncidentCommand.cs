using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Incidents;

namespace OpsRunbook.Cmdlets;

/// <summary>Ends an incident, or completes the analysis of one that has ended.</summary>
[Cmdlet(VerbsLifecycle.Stop, "Incident", SupportsShouldProcess = true)]
[OutputType(typeof(OpsIncident), typeof(OpsPlanStep))]
public sealed class StopIncidentCommand : IncidentCmdlet
{
    /// <summary>Id of the incident. Without it: the open one.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string? Id { get; set; }

    /// <summary>What is said of the end in the timeline.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Text { get; set; }

    /// <summary>Root cause.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? RootCause { get; set; }

    /// <summary>What ended it.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Fix { get; set; }

    /// <summary>What keeps it from happening again.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Prevention { get; set; }

    /// <summary>What is to be done afterwards.</summary>
    [Parameter]
    public string[] ActionItem { get; set; } = [];

    /// <summary>When it ended: a moment, or a duration such as 10m for so long ago. Without it: now.</summary>
    [Parameter]
    public object? At { get; set; }

    /// <inheritdoc/>
    protected override Task ProcessAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(output);
        var addition = new IncidentAddition(Text)
        {
            At = LogMoment.Read(At, nameof(At), area: "Incident"),
            Resolved = true,
            RootCause = RootCause,
            Fix = Fix,
            Prevention = Prevention,
            ActionItem = ActionItem,
        };
        return AddAsync(Id, "Stop incident", addition, (log, id, _) => EmitAsync(log, id, output, cancellationToken), output, cancellationToken);
    }
}
