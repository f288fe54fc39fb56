using OpsRunbook.Engine.Services;

namespace OpsRunbook.Engine.Maintenance;

/// <summary>Stops a service that runs.</summary>
/// <param name="context">What it works with.</param>
/// <param name="service">The service.</param>
internal sealed class StopServiceAction(WindowContext context, ServiceTarget service) : IWindowAction
{
    /// <inheritdoc/>
    public string Action => WindowActions.Stop;

    /// <inheritdoc/>
    public string Target => service.Name;

    /// <inheritdoc/>
    public bool IsEssential => true;

    /// <inheritdoc/>
    public Task PlanAsync(WindowDocument window, CancellationToken cancellationToken) => RunAsync(cancellationToken);

    /// <inheritdoc/>
    public async Task<StepResult> DoAsync(WindowDocument window, CancellationToken cancellationToken)
    {
        if (NoteStateAction.WasDown(window, Target))
        {
            return StepResult.Skipped("it does not run");
        }

        await RunAsync(cancellationToken);
        return ServiceSteps.Judge(context);
    }

    private Task RunAsync(CancellationToken cancellationToken) => context.Services.RunAsync(ServiceAction.Stop, [service], downFirst: true, cancellationToken);
}
