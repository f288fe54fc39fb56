using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.WebServer;

namespace OpsRunbook.Engine.Maintenance;

/// <summary>Has the sites of a web server answer 503 with a page.</summary>
/// <param name="context">What it works with.</param>
/// <param name="name">The web server.</param>
internal sealed class MaintenanceModeOnAction(WindowContext context, string name) : IWindowAction
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMinutes(1);

    /// <inheritdoc/>
    public string Action => WindowActions.ModeOn;

    /// <inheritdoc/>
    public string Target => name;

    /// <inheritdoc/>
    public bool IsEssential => true;

    /// <inheritdoc/>
    public Task PlanAsync(WindowDocument window, CancellationToken cancellationToken) => EnableAsync(window, cancellationToken);

    /// <inheritdoc/>
    public async Task<StepResult> DoAsync(WindowDocument window, CancellationToken cancellationToken) =>
        StepResult.Done((await EnableAsync(window, cancellationToken))?.Message ?? string.Empty);

    private Task<MaintenanceModeChange?> EnableAsync(WindowDocument window, CancellationToken cancellationToken)
    {
        var left = window.End - context.Now;
        var request = MaintenanceMode.DefaultRequest(context.Session.Stack, name) with
        {
            RetryAfter = context.Settings.RetryAfter ?? (left > Shortest ? left : Shortest),
        };
        return new MaintenanceMode(context.Session, name, context.Changes, context.Output).EnableAsync(request, cancellationToken);
    }
}
