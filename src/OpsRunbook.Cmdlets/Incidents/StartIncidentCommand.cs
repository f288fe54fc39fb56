using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Incidents;
using OpsRunbook.Engine.Safety;

namespace OpsRunbook.Cmdlets;

/// <summary>Begins an incident. Until it ends, every change that the module makes in the stack lands in its timeline.</summary>
[Cmdlet(VerbsLifecycle.Start, "Incident", SupportsShouldProcess = true)]
[OutputType(typeof(OpsIncident), typeof(OpsPlanStep))]
public sealed class StartIncidentCommand : IncidentCmdlet
{
    /// <summary>What it is about, in a line.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    public string Title { get; set; } = string.Empty;

    /// <summary>Severity of the stack's own scale: <c>SEV1</c>, <c>P2</c>, <c>Critical</c>.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ValidateNotNullOrEmpty]
    public string Severity { get; set; } = string.Empty;

    /// <summary>Services affected.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(StackMemberCompleter))]
    public string[] Service { get; set; } = [];

    /// <summary>What users notice.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Impact { get; set; }

    /// <summary>Which customers and features are affected.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? ImpactRadius { get; set; }

    /// <summary>How long the impact is expected to last.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan ExpectedDuration { get; set; }

    /// <summary>Alert or person that noticed it. Without it: you.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? DetectedBy { get; set; }

    /// <summary>Who leads the work. Without it: you.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Commander { get; set; }

    /// <summary>When it began: a moment, or a duration such as 10m for so long ago. Without it: now.</summary>
    [Parameter]
    public object? At { get; set; }

    /// <inheritdoc/>
    protected override async Task EndAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(output);
        RequirePositive(ExpectedDuration);
        await using var session = await OpenStackAsync(output, cancellationToken, discover: false);
        var changes = await OpenChangesAsync(session, output, cancellationToken);
        var log = new IncidentLog(session.State, session.Stack);
        var start = new IncidentStart(Title, Severity)
        {
            At = LogMoment.Read(At, nameof(At), area: "Incident"),
            DetectedBy = DetectedBy,
            Commander = Commander,
            Service = Service,
            Impact = Impact,
            ImpactRadius = ImpactRadius,
            ExpectedDuration = IsBound(nameof(ExpectedDuration)) ? ExpectedDuration : null,
        };
        var severity = await log.CheckAsync(start, cancellationToken);
        var change = new Change("Start incident", Title, LocalHost.LocalName);
        if (changes.IsWhatIf)
        {
            await changes.PlanAsync(change.Action, Title, LocalHost.LocalName, $"severity {severity}, kept in {session.State.Location}", cancellationToken);
        }
        else if (await changes.ConfirmAsync(change, cancellationToken))
        {
            var id = await changes.RunAsync(change, token => log.StartAsync(start, token), started => new ChangeResult(JournalOutcome.Succeeded, started), cancellationToken);
            await EmitAsync(log, id, output, cancellationToken);
        }
    }
}
