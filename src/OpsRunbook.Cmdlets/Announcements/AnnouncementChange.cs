using OpsRunbook.Engine;
using OpsRunbook.Engine.Announcements;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Safety;

namespace OpsRunbook.Cmdlets;

/// <summary>An announcement as a change: planned, confirmed, recorded.</summary>
internal static class AnnouncementChange
{
    /// <summary>Sends an announcement and emits what became of it on each channel, or the plan.</summary>
    /// <param name="announcer">Sends.</param>
    /// <param name="changes">The road for changes.</param>
    /// <param name="channels">Names of channels.</param>
    /// <param name="announcement">What to say.</param>
    /// <param name="detail">What the plan says of a channel.</param>
    /// <param name="output">Takes results or plan.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>The results; none when nothing was sent.</returns>
    public static async Task<IReadOnlyList<AnnouncementResult>> MakeAsync(
        Announcer announcer, ChangeRunner changes, IReadOnlyList<string> channels, Announcement announcement, Func<string, string> detail, IOperationOutput output, CancellationToken cancellationToken)
    {
        var change = new Change("Announce", string.Join(", ", channels), LocalHost.LocalName) { Before = new Dictionary<string, string?> { ["subject"] = announcement.Subject } };
        if (changes.IsWhatIf)
        {
            foreach (var channel in channels)
            {
                await changes.PlanAsync("Announce", channel, LocalHost.LocalName, detail(channel), cancellationToken);
            }

            return [];
        }

        if (channels.Count == 0 || !await changes.ConfirmAsync(change, cancellationToken))
        {
            return [];
        }

        var results = await changes.RunAsync(change, token => announcer.SendAsync(channels, announcement, token), Judge, cancellationToken);
        foreach (var result in results)
        {
            await output.WriteAsync(result, cancellationToken);
        }

        return results;
    }

    // Only when no channel took it, it has failed; what went wrong on one is said.
    private static ChangeResult Judge(IReadOnlyList<AnnouncementResult> results) => new(
        results.All(result => result.Status == HealthStatus.Critical) ? JournalOutcome.Failed : JournalOutcome.Succeeded,
        string.Join(' ', results.Where(result => result.Status != HealthStatus.Healthy).Select(result => result.Message)) is { Length: > 0 } said ? said : null);
}
