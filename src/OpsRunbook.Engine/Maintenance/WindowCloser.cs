using OpsRunbook.Engine.Health;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Maintenance;

/// <summary>
/// Ends maintenance windows: starts services, waits for health, makes smoke tests, lets visitors in, ends silences, announces, and watches.
/// A window that was killed at any step is finished or undone in the same way.
/// </summary>
/// <param name="session">The stack in use.</param>
/// <param name="origin">Who wants it.</param>
/// <param name="output">Takes warnings, progress, plans and the question.</param>
/// <param name="timeout">Longest time to wait for one service, and for the health of the stack.</param>
/// <param name="time">Tells the time; null for the system's.</param>
public sealed class WindowCloser(StackSession session, ChangeOrigin origin, IOperationOutput output, TimeSpan timeout, TimeProvider? time = null)
{
    private static readonly TimeSpan DefaultEvery = TimeSpan.FromSeconds(10);

    private readonly WindowStore _store = new(session.State, session.Stack.Name);
    private readonly WindowContext _context = new(session, origin, output, timeout, time);

    /// <summary>Ends a window, or takes a planned one off the list.</summary>
    /// <param name="request">What is asked.</param>
    /// <param name="cancellationToken">Ends the work. What was done so far is remembered, and another call finishes it.</param>
    /// <returns>The window; null when its end was only planned, or declined.</returns>
    /// <exception cref="OpsException"><c>Window.NotOpen</c>, <c>Window.NotFound</c>, <c>State.Locked</c>; <c>Guard.Health</c>, <c>Guard.SmokeTest</c>: visitors are not let in.</exception>
    public async Task<MaintenanceWindow?> CloseAsync(CloseRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (_context.Changes.IsWhatIf)
        {
            var window = await FindAsync(request.Id, cancellationToken);
            await WindowSteps.PlanAsync(window.Active ? WindowSteps.Closing(_context, window) : Cancelling(), window, output, cancellationToken);

            return null;
        }

        // The lock is given back before the watch, which changes nothing.
        var closed = await _store.LockedAsync(
            origin.Command,
            async token =>
            {
                var window = await FindAsync(request.Id, token);
                return window.Active ? await EndAsync(window, request.IsConfirmed, token) : await CancelAsync(window, token);
            },
            cancellationToken);
        if (closed is null)
        {
            return null;
        }

        var watch = request.Watch ?? _context.Settings.Watch ?? TimeSpan.Zero;
        var findings = closed.State == MaintenanceWindowState.Closed && watch > TimeSpan.Zero ? await WatchAsync(watch, cancellationToken) : [];
        return WindowView.Show(closed, null, _context.Settings, _context.Now, findings);
    }

    /// <summary>Undoes a window whose begin failed, without a question and whether or not it can be recorded. The caller holds the lock.</summary>
    /// <param name="window">The window.</param>
    /// <returns>A task that ends when everything is as before.</returns>
    /// <exception cref="OpsException">Something cannot be undone.</exception>
    internal Task UndoAsync(WindowDocument window) => DoAsync(window, goesOn: true, CancellationToken.None);

    private static string Undoing(WindowDocument window) => window.OpenedAt is null ? "Undo maintenance window" : "Stop maintenance window";

    private async Task<WindowDocument?> EndAsync(WindowDocument window, bool isConfirmed, CancellationToken cancellationToken)
    {
        var change = new Change(Undoing(window), session.Stack.Name, LocalHost.LocalName)
        {
            Before = new Dictionary<string, string?>(StringComparer.Ordinal) { ["window"] = window.Id, ["title"] = window.Title, ["state"] = $"{window.State}" },
        };
        if (!isConfirmed && !await output.ConfirmAsync($"stack {session.Stack.Name}, window {window.Id} '{window.Title}'", change.Action, cancellationToken))
        {
            return null;
        }

        return await _context.Changes.RunAsync(
            change, token => DoAsync(window, goesOn: false, token), done => new ChangeResult(JournalOutcome.Succeeded, $"window {done.Id} has ended"), cancellationToken);
    }

    private async Task<WindowDocument> DoAsync(WindowDocument window, bool goesOn, CancellationToken cancellationToken)
    {
        var actions = WindowSteps.Closing(_context, window);
        var run = new WindowRun(_store, _context, window) { GoesOnWithoutRecord = goesOn };
        var kept = window.Closing.Where(step => !actions.Any(action => action.Action == step.Action && action.Target == step.Target));
        await run.SaveAsync(window with
        {
            State = window.OpenedAt is null ? MaintenanceWindowState.Starting : MaintenanceWindowState.Stopping,
            Closing = [.. WindowSteps.Pending(actions), .. kept],
        });
        await run.DoAsync(actions, closing: true, cancellationToken);
        await run.SaveAsync(run.Window with
        {
            State = window.OpenedAt is null ? MaintenanceWindowState.Undone : MaintenanceWindowState.Closed,
            ClosedAt = _context.Now,
        });
        return run.Window;
    }

    private async Task<WindowDocument?> CancelAsync(WindowDocument window, CancellationToken cancellationToken)
    {
        var change = new Change("Cancel maintenance window", session.Stack.Name, LocalHost.LocalName)
        {
            Before = new Dictionary<string, string?>(StringComparer.Ordinal) { ["window"] = window.Id, ["title"] = window.Title, ["begin"] = WindowTexts.Moment(window, window.Begin) },
        };
        if (!await output.ConfirmAsync($"stack {session.Stack.Name}, planned window {window.Id} '{window.Title}'", change.Action, cancellationToken))
        {
            return null;
        }

        return await _context.Changes.RunAsync(
            change,
            async token =>
            {
                var actions = window.End > _context.Now || window.Repeat is not null ? Cancelling() : [];
                var run = new WindowRun(_store, _context, window);
                await run.SaveAsync(window with { State = MaintenanceWindowState.Cancelled, ClosedAt = _context.Now, Closing = WindowSteps.Pending(actions) });
                await run.DoAsync(actions, closing: true, token);
                return run.Window;
            },
            done => new ChangeResult(JournalOutcome.Succeeded, $"window {done.Id} is cancelled"),
            cancellationToken);
    }

    private IReadOnlyList<IWindowAction> Cancelling() =>
        [.. AnnounceAction.Channels(session.Stack).Select(channel => new AnnounceAction(_context, WindowActions.AnnounceEnd, channel, WindowTexts.Cancelled))];

    private async Task<WindowDocument> FindAsync(string? id, CancellationToken cancellationToken)
    {
        if (id is not null)
        {
            var window = await _store.GetAsync(id, cancellationToken);
            return window.IsUnfinished ? window : throw new OpsException(
                "Window.NotOpen", OpsErrorKind.InvalidArgument, $"The maintenance window {id} '{window.Title}' is over already ({window.State}).", "Get-MaintenanceWindow lists those that are not.", id);
        }

        return (await _store.ListAsync(onlyUnfinished: true, cancellationToken)).LastOrDefault(window => window.Active) ?? throw new OpsException(
            "Window.NotOpen",
            OpsErrorKind.NotFound,
            $"No maintenance window of the stack '{session.Stack.Name}' is open.",
            "Get-MaintenanceWindow lists those that are planned; -Id takes one of them off the list.",
            session.Stack.Name);
    }

    private async Task<IReadOnlyList<ServiceHealth>> WatchAsync(TimeSpan watch, CancellationToken cancellationToken)
    {
        output.Verbose($"The stack is watched for {Duration.Format(watch)}. The maintenance window has ended; Ctrl+C ends the watch only.");
        var findings = new List<ServiceHealth>();
        var seen = new HashSet<(MemberKind, string)>();
        await HealthReading.WatchAsync(
            session,
            new HealthRequest { Watch = true, For = watch, Every = _context.Settings.WatchEvery ?? DefaultEvery },
            output,
            health =>
            {
                if (HealthReading.IsBad(health))
                {
                    seen.Add((health.Kind, health.Name));
                    findings.Add(health);
                    output.Warning($"After the maintenance, {HealthReading.Describe([health])}.");
                }
                else if (seen.Remove((health.Kind, health.Name)))
                {
                    output.Warning($"{health.Name} is {health.Status} again.");
                }
            },
            cancellationToken);
        return findings;
    }
}
