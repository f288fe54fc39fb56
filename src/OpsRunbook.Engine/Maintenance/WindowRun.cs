using OpsRunbook.Engine.State;

namespace OpsRunbook.Engine.Maintenance;

/// <summary>Does the steps of one window. Each is written down before it is done and after, so that whatever a killed run has done can be undone.</summary>
/// <param name="store">Where windows are remembered.</param>
/// <param name="context">What the steps work with.</param>
/// <param name="window">The window as it is in the store.</param>
internal sealed class WindowRun(WindowStore store, WindowContext context, WindowDocument window)
{
    /// <summary>The window as it is now.</summary>
    public WindowDocument Window { get; private set; } = window;

    /// <summary>What cannot be written down is done all the same, and said: only when what was done has to be undone.</summary>
    public bool GoesOnWithoutRecord { get; init; }

    /// <summary>Writes the window down.</summary>
    /// <param name="next">The window as it is now.</param>
    /// <param name="isLeft">Nobody works at it any more.</param>
    /// <returns>A task that ends when it is safe.</returns>
    /// <exception cref="OpsException"><c>State.NotWritten</c>, <c>State.Changed</c>.</exception>
    public async Task SaveAsync(WindowDocument next, bool isLeft = false)
    {
        // A record is never given up half way: what it is about happens now.
        try
        {
            Window = await store.WriteAsync(next with { Worker = LockHolder.Self(context.Command), IsLeft = isLeft, Version = Window.Version }, CancellationToken.None);
        }
        catch (OpsException error) when (GoesOnWithoutRecord && error.Id != "State.Changed")
        {
            context.Output.Warning($"It is not written down how far the maintenance window {next.Id} is: {error.Message}");
            Window = next with { Version = Window.Version };
        }
    }

    /// <summary>Does steps in their order.</summary>
    /// <param name="actions">The steps.</param>
    /// <param name="closing">They belong to the end of the window.</param>
    /// <param name="cancellationToken">Ends the work; the window stays as it is written down.</param>
    /// <returns>A task that ends with the last one.</returns>
    /// <exception cref="OpsException">An essential step failed.</exception>
    public async Task DoAsync(IReadOnlyList<IWindowAction> actions, bool closing, CancellationToken cancellationToken)
    {
        for (var i = 0; i < actions.Count; i++)
        {
            context.Output.Progress($"Maintenance window {Window.Id}", $"{actions[i].Action} {actions[i].Target}", 100 * i / actions.Count);
            try
            {
                cancellationToken.ThrowIfCancellationRequested();
                await DoAsync(actions[i], closing, cancellationToken);
            }
            catch (Exception error) when (error is OpsException or OperationCanceledException)
            {
                await LeaveAsync();
                throw;
            }
            finally
            {
                context.Output.Take();
            }
        }
    }

    // What cannot be written down is not begun, whatever it is.
    private async Task DoAsync(IWindowAction action, bool closing, CancellationToken cancellationToken)
    {
        await SaveAsync(With(closing, action, step => step with { State = MaintenanceStepState.Running, StartedAt = context.Now, EndedAt = null, Message = null }));
        StepResult result;
        OpsException? failure = null;
        try
        {
            result = await action.DoAsync(Window, cancellationToken);
        }
        catch (OpsException error)
        {
            (result, failure) = (StepResult.Failed(error.Message), error);
        }

        await EndAsync(closing, action, result);
        if (failure is null)
        {
            return;
        }

        if (action.IsEssential)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        }

        context.Output.Warning($"'{action.Action}' for the maintenance window failed, the rest goes on: {failure.Message}");
    }

    // A session that goes on lives as long as its window was worked at: that it does not any more must be told by the window.
    private async Task LeaveAsync()
    {
        try
        {
            await SaveAsync(Window, isLeft: true);
        }
        catch (OpsException error)
        {
            context.Output.Verbose($"That nobody works at the window {Window.Id} any more is not written down: {error.Message}");
        }
    }

    private Task EndAsync(bool closing, IWindowAction action, StepResult result) => SaveAsync(With(closing, action, step => step with
    {
        State = result.State,
        EndedAt = context.Now,
        Message = Safety.CommandRedactor.RedactText(result.Message),
        Data = result.Data,
    }));

    private WindowDocument With(bool closing, IWindowAction action, Func<WindowStep, WindowStep> change)
    {
        IReadOnlyList<WindowStep> Changed(IReadOnlyList<WindowStep> steps) => [.. steps.Select(step => step.Action == action.Action && step.Target == action.Target ? change(step) : step)];
        return closing ? Window with { Closing = Changed(Window.Closing) } : Window with { Opening = Changed(Window.Opening) };
    }
}
