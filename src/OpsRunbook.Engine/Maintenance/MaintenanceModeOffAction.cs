using OpsRunbook.Engine.WebServer;

namespace OpsRunbook.Engine.Maintenance;

/// <summary>Lets visitors in again.</summary>
/// <param name="context">What it works with.</param>
/// <param name="name">The web server.</param>
/// <param name="isEssential">It was closed. Where closing it failed, its files are as they were, and the same cause may be in the way again.</param>
internal sealed class MaintenanceModeOffAction(WindowContext context, string name, bool isEssential) : IWindowAction
{
    /// <inheritdoc/>
    public string Action => WindowActions.ModeOff;

    /// <inheritdoc/>
    public string Target => name;

    /// <inheritdoc/>
    public bool IsEssential => isEssential;

    /// <inheritdoc/>
    public Task PlanAsync(WindowDocument window, CancellationToken cancellationToken) => DisableAsync(cancellationToken);

    /// <inheritdoc/>
    public async Task<StepResult> DoAsync(WindowDocument window, CancellationToken cancellationToken) =>
        await DisableAsync(cancellationToken) is { } change
            ? new StepResult(change.Changed ? MaintenanceStepState.Done : MaintenanceStepState.Skipped, change.Message)
            : StepResult.Skipped(string.Empty);

    private Task<MaintenanceModeChange?> DisableAsync(CancellationToken cancellationToken) =>
        new MaintenanceMode(context.Session, name, context.Changes, context.Output).DisableAsync([], cancellationToken);
}
