using OpsRunbook.Engine.Monitoring;

namespace OpsRunbook.Engine.Maintenance;

/// <summary>Mutes alerts until the end of a window. An Alertmanager that does not answer never stops a window.</summary>
/// <param name="context">What it works with.</param>
/// <param name="conditions">What is muted, as the stack file has it.</param>
internal sealed class SilenceAction(WindowContext context, string conditions) : IWindowAction
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMinutes(1);

    /// <inheritdoc/>
    public string Action => WindowActions.Silence;

    /// <inheritdoc/>
    public string Target => conditions;

    /// <inheritdoc/>
    public bool IsEssential => false;

    /// <summary>What is muted in maintenance of a stack.</summary>
    /// <param name="stack">The stack.</param>
    /// <returns>Conditions of each silence; none without an Alertmanager.</returns>
    public static IReadOnlyList<string> Conditions(OpsStack stack) => stack.Monitoring?.Alertmanager is null ? []
        : stack.Maintenance?.Silence is { Count: > 0 } said ? said
        : [new AlertMatcher("stack", stack.Name).ToString()];

    /// <summary>What tells the silences of a window from others, also when their ids could not be noted any more.</summary>
    /// <param name="window">The window.</param>
    /// <returns>A part of their comment.</returns>
    public static string Mark(WindowDocument window) => $"maintenance window {window.Id}";

    /// <inheritdoc/>
    public Task PlanAsync(WindowDocument window, CancellationToken cancellationToken) => CreateAsync(window, cancellationToken);

    /// <inheritdoc/>
    public async Task<StepResult> DoAsync(WindowDocument window, CancellationToken cancellationToken)
    {
        var silence = await CreateAsync(window, cancellationToken);
        return StepResult.Done($"silence {silence?.Id} until {WindowTexts.Moment(window, window.End)}, {silence?.Muted.Count ?? 0} alerts that fire now are muted");
    }

    private Task<AlertSilence?> CreateAsync(WindowDocument window, CancellationToken cancellationToken)
    {
        var length = window.End - context.Now;
        return new Silencer(MonitoringServer.Alertmanager(context.Session), context.Changes, context.Output).CreateAsync(
            AlertMatchers.ParseAll(conditions), length > Shortest ? length : Shortest, $"{window.Title} ({Mark(window)})", $"{window.By.User}@{window.By.Machine}", cancellationToken);
    }
}
