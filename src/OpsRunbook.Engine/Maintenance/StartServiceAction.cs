using OpsRunbook.Engine.Services;

namespace OpsRunbook.Engine.Maintenance;

/// <summary>Starts a service that the window has stopped, and lets requests in that it has kept away.</summary>
/// <param name="context">What it works with.</param>
/// <param name="name">The service.</param>
internal sealed class StartServiceAction(WindowContext context, string name) : IWindowAction
{
    /// <inheritdoc/>
    public string Action => WindowActions.Start;

    /// <inheritdoc/>
    public string Target => name;

    /// <inheritdoc/>
    public bool IsEssential => true;

    /// <inheritdoc/>
    public Task PlanAsync(WindowDocument window, CancellationToken cancellationToken) => RunAsync(cancellationToken);

    /// <inheritdoc/>
    public async Task<StepResult> DoAsync(WindowDocument window, CancellationToken cancellationToken)
    {
        await RunAsync(cancellationToken);
        return ServiceSteps.Judge(context);
    }

    private Task RunAsync(CancellationToken cancellationToken) => context.Services.RunAsync(ServiceAction.Start, [context.Service(name)], downFirst: false, cancellationToken);
}
