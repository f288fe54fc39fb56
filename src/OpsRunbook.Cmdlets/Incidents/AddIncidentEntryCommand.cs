using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Incidents;

namespace OpsRunbook.Cmdlets;

/// <summary>Adds a note to an incident, and says what was reached.</summary>
[Cmdlet(VerbsCommon.Add, "IncidentEntry", SupportsShouldProcess = true)]
[OutputType(typeof(IncidentEntry), typeof(OpsPlanStep))]
public sealed class AddIncidentEntryCommand : IncidentCmdlet
{
    /// <summary>What happened. May be left out when another parameter says it.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true)]
    [ValidateNotNullOrEmpty]
    public string? Text { get; set; }

    /// <summary>Id of the incident. Without it: the open one.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Id { get; set; }

    /// <summary>What is reached: times are counted from it.</summary>
    [Parameter]
    public IncidentMilestone Milestone { get; set; }

    /// <summary>Phases of the stack that are done.</summary>
    [Parameter]
    public string[] Phase { get; set; } = [];

    /// <summary>The severity from now on.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Severity { get; set; }

    /// <summary>What users notice.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Impact { get; set; }

    /// <summary>Who leads the work from now on.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Commander { get; set; }

    /// <summary>What is to be done afterwards.</summary>
    [Parameter]
    public string[] ActionItem { get; set; } = [];

    /// <summary>When it happened: a moment, or a duration such as 10m for so long ago. Without it: now.</summary>
    [Parameter]
    public object? At { get; set; }

    /// <inheritdoc/>
    protected override Task ProcessAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(output);
        var addition = new IncidentAddition(Text)
        {
            At = LogMoment.Read(At, nameof(At), area: "Incident"),
            Milestone = IsBound(nameof(Milestone)) ? Milestone : null,
            Phase = Phase,
            Severity = Severity,
            Impact = Impact,
            Commander = Commander,
            ActionItem = ActionItem,
        };
        return AddAsync(Id, "Add incident entry", addition, EmitAsync, output, cancellationToken);

        async Task EmitAsync(IncidentLog log, string id, IReadOnlyList<IncidentEntry> entries)
        {
            foreach (var entry in entries)
            {
                await output.WriteAsync(entry, cancellationToken);
            }
        }
    }
}
