using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Maintenance;

/// <summary>Lists maintenance windows.</summary>
/// <param name="session">The stack in use.</param>
/// <param name="time">Tells the time; null for the system's.</param>
public sealed class WindowList(StackSession session, TimeProvider? time = null)
{
    private readonly WindowStore _store = new(session.State, session.Stack.Name);

    private DateTime Now => (time ?? TimeProvider.System).GetUtcNow().UtcDateTime;

    /// <summary>The windows of the stack, by their begin.</summary>
    /// <param name="ids">Ids, with wildcards; none for all.</param>
    /// <param name="everything">Those that are over, too.</param>
    /// <param name="until">Each time of those that recur up to then, UTC; null for the next time only.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The windows.</returns>
    /// <exception cref="OpsException"><c>State.…</c>, <c>Window.Unreadable</c>.</exception>
    public async Task<IReadOnlyList<MaintenanceWindow>> ReadAsync(IReadOnlyList<string> ids, bool everything, DateTime? until, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(ids);
        var all = await _store.ListAsync(onlyUnfinished: false, cancellationToken);
        var now = Now;
        return
        [
            .. all.Where(window => window.IsUnfinished || everything)
                .Where(window => ids.Count == 0 || ids.Any(id => NameFilter.Fits(id, window.Id)))
                .SelectMany(window => Times(window, all, now, until).Select(begin => WindowView.Show(window, begin, session.Stack.Maintenance, now)))
                .OrderBy(window => window.Begin),
        ];
    }

    private static IEnumerable<DateTime> Times(WindowDocument window, IReadOnlyList<WindowDocument> all, DateTime now, DateTime? until)
    {
        if (window is not { State: MaintenanceWindowState.Planned, Repeat: not null })
        {
            return [window.Begin];
        }

        var next = WindowTimes.Next(window, all, now);
        return until is null ? [next] : WindowTimes.Of(window).SkipWhile(begin => begin < next).TakeWhile(begin => begin == next || begin < until);
    }
}
