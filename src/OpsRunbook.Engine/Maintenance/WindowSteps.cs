using OpsRunbook.Engine.Services;

namespace OpsRunbook.Engine.Maintenance;

/// <summary>The steps of a window, in their order.</summary>
internal static class WindowSteps
{
    /// <summary>What begins a window.</summary>
    /// <param name="context">What the steps work with.</param>
    /// <param name="health">Health of the stack as it was just found.</param>
    /// <returns>The steps. What cannot be undone comes first, what keeps users out at last.</returns>
    /// <exception cref="OpsException"><c>Service.…</c>: the stack names a service that cannot be stopped.</exception>
    public static IReadOnlyList<IWindowAction> Opening(WindowContext context, IReadOnlyList<ServiceHealth> health)
    {
        var (stack, settings) = (context.Session.Stack, context.Settings);
        var services = ServiceTargets.InStartOrder(stack, [.. settings.Stop.Select(context.Service)]).Reverse().ToList();
        return
        [
            .. settings.Backups.Select(set => new BackupAction(context, set)),
            .. AnnounceAction.Channels(stack).Select(channel => new AnnounceAction(context, WindowActions.AnnounceBegin, channel, WindowTexts.Begin)),
            .. SilenceAction.Conditions(stack).Select(conditions => new SilenceAction(context, conditions)),
            new NoteStateAction(context, [.. services.Select(service => service.Name)], health),
            .. settings.MaintenanceMode.Select(name => new MaintenanceModeOnAction(context, name)),
            .. settings.Drain is { } limit
                ? services.Where(service => service.Service?.Drain is null && service.Ports.Count > 0).Select(service => new DrainAction(context, service, limit))
                : [],
            .. services.Select(service => new StopServiceAction(context, service)),
        ];
    }

    /// <summary>What ends a window, or undoes one whose begin failed or was killed: the opposite of every step that may have done something.</summary>
    /// <param name="context">What the steps work with.</param>
    /// <param name="window">The window.</param>
    /// <returns>The steps.</returns>
    public static IReadOnlyList<IWindowAction> Closing(WindowContext context, WindowDocument window)
    {
        var closed = Acted(window, WindowActions.ModeOn);
        var stopped = Acted(window, WindowActions.Stop).Where(name => !NoteStateAction.WasDown(window, name)).Reverse().ToList();
        var told = window.Closing.Where(step => step is { Action: WindowActions.AnnounceEnd, State: MaintenanceStepState.Done }).Select(step => step.Target).ToList();
        return
        [
            .. stopped.Select(name => new StartServiceAction(context, name)),
            .. window.OpenedAt is not null || stopped.Count > 0 ? (IWindowAction[])[new CheckHealthAction(context, closed)] : [],
            .. (window.OpenedAt is not null || stopped.Count > 0) && context.Settings.SmokeTests.Count > 0 ? (IWindowAction[])[new SmokeTestsAction(context)] : [],
            .. closed.Select(name => new MaintenanceModeOffAction(context, name, window.Opening.Any(step => step.Action == WindowActions.ModeOn && step.Target == name && step.State != MaintenanceStepState.Failed))),
            .. closed.Count > 0 ? (IWindowAction[])[new CheckSitesAction(context, closed)] : [],
            .. Acted(window, WindowActions.Silence).Count > 0 ? (IWindowAction[])[new EndSilencesAction(context)] : [],
            .. Acted(window, WindowActions.AnnounceBegin).Except(told, StringComparer.Ordinal).Select(channel => new AnnounceAction(context, WindowActions.AnnounceEnd, channel, WindowTexts.End)),
        ];
    }

    /// <summary>Emits what steps would do.</summary>
    /// <param name="actions">The steps.</param>
    /// <param name="window">The window.</param>
    /// <param name="output">Takes a warning for what cannot be said now and would not stand in the way.</param>
    /// <param name="cancellationToken">Cancelled when the caller wants no more.</param>
    /// <returns>A task that ends with the last one.</returns>
    public static async Task PlanAsync(IEnumerable<IWindowAction> actions, WindowDocument window, IOperationOutput output, CancellationToken cancellationToken)
    {
        foreach (var action in actions)
        {
            try
            {
                await action.PlanAsync(window, cancellationToken);
            }
            catch (OpsException error) when (!action.IsEssential)
            {
                output.Warning($"'{action.Action}' would fail, and the rest would go on: {error.Message}");
            }
        }
    }

    /// <summary>Steps as they are remembered before any of them begins.</summary>
    /// <param name="actions">The steps.</param>
    /// <returns>The same, pending.</returns>
    public static IReadOnlyList<WindowStep> Pending(IEnumerable<IWindowAction> actions) => [.. actions.Select(action => new WindowStep(action.Action, action.Target))];

    private static List<string> Acted(WindowDocument window, string action) =>
        [.. window.Opening.Where(step => step.Action == action && step.MayHaveActed).Select(step => step.Target)];
}
