using OpsRunbook.Engine.Announcements;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Safety;

namespace OpsRunbook.Engine.Maintenance;

/// <summary>Tells people about a window on one channel. A channel that fails never stops a window.</summary>
/// <param name="context">What it works with.</param>
/// <param name="action">Its name.</param>
/// <param name="channel">The channel.</param>
/// <param name="text">What to say.</param>
internal sealed class AnnounceAction(WindowContext context, string action, string channel, Func<WindowDocument, Announcement> text) : IWindowAction
{
    /// <inheritdoc/>
    public string Action => action;

    /// <inheritdoc/>
    public string Target => channel;

    /// <inheritdoc/>
    public bool IsEssential => false;

    /// <summary>The channels on which a stack's maintenance is announced: those that it names, else those that are for maintenance only.</summary>
    /// <param name="stack">The stack.</param>
    /// <returns>Names; none when nobody is told.</returns>
    public static IReadOnlyList<string> Channels(OpsStack stack) => stack.Maintenance?.Announce is { Count: > 0 } named
        ? named
        : [.. stack.Announce.Where(item => item.Value.Use.Contains("maintenance", StringComparer.OrdinalIgnoreCase)).Select(item => item.Key)];

    /// <inheritdoc/>
    public Task PlanAsync(WindowDocument window, CancellationToken cancellationToken) =>
        context.Changes.PlanAsync(action, channel, LocalHost.LocalName, text(window).Subject, cancellationToken).AsTask();

    /// <inheritdoc/>
    public async Task<StepResult> DoAsync(WindowDocument window, CancellationToken cancellationToken)
    {
        var said = text(window);
        var change = new Change("Announce", channel, LocalHost.LocalName) { Before = new Dictionary<string, string?>(StringComparer.Ordinal) { ["subject"] = said.Subject } };
        var results = await context.Changes.RunAsync(
            change,
            token => new Announcer(context.Session).SendAsync([channel], said, token),
            results => new ChangeResult(results[0].Status == HealthStatus.Critical ? JournalOutcome.Failed : JournalOutcome.Succeeded, results[0].Message),
            cancellationToken);
        if (results[0].Status == HealthStatus.Healthy)
        {
            return StepResult.Done(results[0].Message);
        }

        context.Output.Warning(results[0].Status == HealthStatus.Unknown ? $"Tell '{channel}' about the maintenance: {results[0].Message}" : $"'{channel}' was not told about the maintenance: {results[0].Message}");
        return results[0].Status == HealthStatus.Unknown ? StepResult.Skipped(results[0].Message) : StepResult.Failed(results[0].Message);
    }
}
