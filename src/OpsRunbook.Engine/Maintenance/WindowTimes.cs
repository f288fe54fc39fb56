namespace OpsRunbook.Engine.Maintenance;

/// <summary>When planned windows begin.</summary>
internal static class WindowTimes
{
    /// <summary>The times at which a planned window begins, without an end when it recurs.</summary>
    /// <param name="window">The window.</param>
    /// <returns>UTC, in their order.</returns>
    public static IEnumerable<DateTime> Of(WindowDocument window)
    {
        if (window is not { Repeat: { } repeat, LocalBegin: { } begin })
        {
            return [window.Begin];
        }

        var clock = WallClock.Of(window.TimeZone);
        return RecurrenceRule.Parse(repeat).From(begin).Select(clock.ToUtc);
    }

    /// <summary>The next time that has not passed and was not begun yet.</summary>
    /// <param name="window">A planned window.</param>
    /// <param name="all">All windows of the stack: those that were times of this one have been begun.</param>
    /// <param name="now">Now, UTC.</param>
    /// <returns>Begin, UTC. Of a window that does not recur, its begin in any case.</returns>
    public static DateTime Next(WindowDocument window, IEnumerable<WindowDocument> all, DateTime now)
    {
        if (window.Repeat is null)
        {
            return window.Begin;
        }

        var begun = all.Where(other => other.Plan == window.Id).Select(other => other.Begin).ToHashSet();
        return Of(window).First(begin => begin + window.Length > now && !begun.Contains(begin));
    }
}
