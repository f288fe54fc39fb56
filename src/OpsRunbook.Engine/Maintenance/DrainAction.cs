using OpsRunbook.Engine.Services;

namespace OpsRunbook.Engine.Maintenance;

/// <summary>Waits for the running requests of a service; maintenance mode keeps new ones away already.</summary>
/// <param name="context">What it works with.</param>
/// <param name="service">The service, which has no drain of its own.</param>
/// <param name="limit">Longest time to wait.</param>
internal sealed class DrainAction(WindowContext context, ServiceTarget service, TimeSpan limit) : IWindowAction
{
    /// <inheritdoc/>
    public string Action => WindowActions.Drain;

    /// <inheritdoc/>
    public string Target => service.Name;

    /// <inheritdoc/>
    public bool IsEssential => true;

    private ServiceDrain Drain => ServiceDrain.Of(context.Session, service, new StackDrain { Timeout = limit });

    /// <inheritdoc/>
    public Task PlanAsync(WindowDocument window, CancellationToken cancellationToken) =>
        context.Changes.PlanAsync(Action, Target, service.Host, Drain.Describe(), cancellationToken).AsTask();

    /// <inheritdoc/>
    public async Task<StepResult> DoAsync(WindowDocument window, CancellationToken cancellationToken)
    {
        if (NoteStateAction.WasDown(window, Target))
        {
            return StepResult.Skipped("it does not run");
        }

        var report = await Drain.BeginAsync(context.Output, cancellationToken);
        context.Changes.Require(
            "Drain", report.IsQuiet, $"'{Target}' still serves: {report.Message}.", "Wait until its requests have ended, or raise 'maintenance.drain' in the stack file.", Target);
        return StepResult.Done(report.Message);
    }
}
