using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Maintenance;

namespace OpsRunbook.Cmdlets;

/// <summary>Lists maintenance windows: planned, open, and with -All those that are over.</summary>
[Cmdlet(VerbsCommon.Get, "MaintenanceWindow")]
[OutputType(typeof(MaintenanceWindow), typeof(string))]
public sealed class GetMaintenanceWindowCommand : StackCmdlet
{
    private static readonly TimeSpan CalendarLength = TimeSpan.FromDays(366);
    private readonly List<string> _ids = [];

    /// <summary>Ids, with wildcards. Without it: all of them.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[] Id { get; set; } = [];

    /// <summary>Those that are over, too.</summary>
    [Parameter]
    public SwitchParameter All { get; set; }

    /// <summary>Each time of windows that recur within so long from now, instead of the next one only.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan For { get; set; }

    /// <summary>Emits a calendar (iCalendar) as text instead of objects; it holds the times of the next year, or of -For.</summary>
    [Parameter]
    public SwitchParameter AsCalendar { get; set; }

    /// <inheritdoc/>
    protected override Task ProcessAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        _ids.AddRange(Id);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    protected override async Task EndAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(output);
        RequirePositive(For);
        await using var session = await OpenStackAsync(output, cancellationToken, discover: false);
        DateTime? until = IsBound(nameof(For)) ? DateTime.UtcNow + For : On(AsCalendar) ? DateTime.UtcNow + CalendarLength : null;
        var windows = await new WindowList(session).ReadAsync(_ids, On(All) || _ids.Count > 0, until, cancellationToken);
        if (On(AsCalendar))
        {
            await output.WriteAsync(WindowCalendar.Write(windows, DateTime.UtcNow), cancellationToken);
            return;
        }

        foreach (var window in windows)
        {
            await output.WriteAsync(window, cancellationToken);
        }

        var filter = new NameFilter(_ids);
        foreach (var window in windows)
        {
            filter.Includes(window.Id);
        }

        foreach (var error in filter.Unused("Window.NotFound", "maintenance window"))
        {
            output.Error(error);
        }
    }
}
