using OpsRunbook.Engine.Monitoring;

namespace OpsRunbook.Engine.Maintenance;

/// <summary>Has the alerts of a window speak again.</summary>
/// <param name="context">What it works with.</param>
internal sealed class EndSilencesAction(WindowContext context) : IWindowAction
{
    /// <inheritdoc/>
    public string Action => WindowActions.EndSilences;

    /// <inheritdoc/>
    public string Target => "alertmanager";

    /// <inheritdoc/>
    public bool IsEssential => false;

    /// <summary>The silences of a window that still mute.</summary>
    /// <param name="window">The window.</param>
    /// <param name="cancellationToken">Ends the question.</param>
    /// <returns>Their ids.</returns>
    public async Task<IReadOnlyList<string>> FindAsync(WindowDocument window, CancellationToken cancellationToken) =>
        [.. (await new AlertmanagerClient(MonitoringServer.Alertmanager(context.Session)).SilencesAsync(cancellationToken))
            .Where(silence => silence.State != "expired" && silence.Comment.Contains(SilenceAction.Mark(window), StringComparison.Ordinal))
            .Select(silence => silence.Id)];

    /// <inheritdoc/>
    public async Task PlanAsync(WindowDocument window, CancellationToken cancellationToken) => await EndAsync(await FindAsync(window, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public async Task<StepResult> DoAsync(WindowDocument window, CancellationToken cancellationToken)
    {
        var ids = await FindAsync(window, cancellationToken);
        await EndAsync(ids, cancellationToken);
        return ids.Count > 0 ? StepResult.Done($"ended {string.Join(", ", ids)}") : StepResult.Skipped("no silence of the window is left");
    }

    /// <summary>Ends silences.</summary>
    /// <param name="ids">Their ids.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>A task that ends with the last of them.</returns>
    public Task EndAsync(IReadOnlyList<string> ids, CancellationToken cancellationToken) =>
        new Silencer(MonitoringServer.Alertmanager(context.Session), context.Changes, context.Output).ExpireAsync(ids, cancellationToken);
}
