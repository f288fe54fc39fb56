using OpsRunbook.Engine.Health;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Engine.State;

namespace OpsRunbook.Engine.Maintenance;

/// <summary>Begins maintenance windows: checks, announces, silences alerts, closes sites, drains and stops services. What fails half way is undone.</summary>
/// <param name="session">The stack in use.</param>
/// <param name="origin">Who wants it.</param>
/// <param name="output">Takes warnings, progress, plans and the question.</param>
/// <param name="timeout">Longest time to wait for one service.</param>
/// <param name="time">Tells the time; null for the system's.</param>
public sealed class WindowOpener(StackSession session, ChangeOrigin origin, IOperationOutput output, TimeSpan timeout, TimeProvider? time = null)
{
    // A scheduled task may begin a little before its time.
    private static readonly TimeSpan Early = TimeSpan.FromMinutes(1);

    private readonly WindowStore _store = new(session.State, session.Stack.Name);
    private readonly WindowContext _context = new(session, origin, output, timeout, time);

    /// <summary>Begins a window.</summary>
    /// <param name="request">What is asked.</param>
    /// <param name="cancellationToken">Ends the work. What was done so far is remembered, and <see cref="WindowCloser"/> undoes it.</param>
    /// <returns>The open window; null when it was only planned, or declined.</returns>
    /// <exception cref="OpsException">
    /// <c>Guard.OpenWindow</c>, <c>State.Locked</c>, <c>Guard.…</c>: nothing was done. Others: a step failed, and what was done is undone.
    /// </exception>
    public async Task<MaintenanceWindow?> OpenAsync(WindowRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (session.Stack.Maintenance is null)
        {
            output.Warning($"The stack '{session.Stack.Name}' says nothing under 'maintenance': nobody is told, and nothing is closed or stopped. The window is only remembered.");
        }

        if (_context.Changes.IsWhatIf)
        {
            var (planned, steps) = await PrepareAsync(request, cancellationToken);
            await WindowSteps.PlanAsync(steps, planned, output, cancellationToken);

            return null;
        }

        return await _store.LockedAsync(origin.Command, token => BeginAsync(request, token), cancellationToken);
    }

    private async Task<MaintenanceWindow?> BeginAsync(WindowRequest request, CancellationToken cancellationToken)
    {
        var (window, actions) = await PrepareAsync(request, cancellationToken);
        var change = new Change("Start maintenance window", session.Stack.Name, LocalHost.LocalName)
        {
            Before = new Dictionary<string, string?>(StringComparer.Ordinal) { ["window"] = window.Id, ["title"] = window.Title, ["until"] = WindowTexts.Moment(window, window.End) },
        };
        if (!await output.ConfirmAsync($"stack {session.Stack.Name} until {WindowTexts.Moment(window, window.End)}: {string.Join(", ", actions.Select(action => $"{action.Action} {action.Target}"))}", change.Action, cancellationToken))
        {
            return null;
        }

        var run = new WindowRun(_store, _context, window);
        await run.SaveAsync(window);
        await _context.Changes.RunAsync(
            change,
            async token =>
            {
                await DoAsync(run, actions, token);
                return true;
            },
            _ => new ChangeResult(JournalOutcome.Succeeded, $"window {window.Id} is open"),
            cancellationToken);
        return WindowView.Show(run.Window, null, _context.Settings, _context.Now);
    }

    private async Task DoAsync(WindowRun run, IReadOnlyList<IWindowAction> actions, CancellationToken cancellationToken)
    {
        try
        {
            await run.DoAsync(actions, closing: false, cancellationToken);
            await run.SaveAsync(run.Window with { State = MaintenanceWindowState.Open, OpenedAt = _context.Now });
        }
        catch (OpsException error) when (error.Id != "State.Changed")
        {
            await UndoAsync(run.Window, error);
            throw new OpsException(error.Id, error.Kind, $"The maintenance window was not begun, and what had been done for it is undone. {error.Message}", error.NextStep, error.Target, error);
        }
    }

    // Nothing of the undoing may be left out because it cannot be recorded, for example on a full disk.
    private async Task UndoAsync(WindowDocument window, OpsException cause)
    {
        output.Warning($"The maintenance window is undone, because: {cause.Message}");
        var forced = origin with { Force = true, Reason = origin.Reason ?? "undoing a maintenance window that could not be begun" };
        try
        {
            await new WindowCloser(session, forced, output, timeout, time).UndoAsync(window);
        }
        catch (OpsException error)
        {
            throw new OpsException(
                "Window.NotUndone",
                OpsErrorKind.OperationFailed,
                $"The maintenance window {window.Id} could not be begun ({cause.Message}) nor undone: {error.Message}",
                "Mend that; then Stop-MaintenanceWindow finishes it.",
                window.Id,
                error);
        }
    }

    private async Task<(WindowDocument Window, IReadOnlyList<IWindowAction> Actions)> PrepareAsync(WindowRequest request, CancellationToken cancellationToken)
    {
        var all = await _store.ListAsync(onlyUnfinished: false, cancellationToken);
        RequireNoOther(all);
        var window = Choose(request, all);
        WindowGuards.RequireNoFreeze(_context.Changes, session.Stack, _context.Now, window.End);
        var health = await HealthReading.ReadAsync(session, new HealthRequest(), _context.Output, cancellationToken);

        // A backup that the window itself makes is not asked for before.
        var bad = health.Where(HealthReading.IsBad).Where(member => member.Kind != MemberKind.Backup || !_context.Settings.Backups.Contains(member.Name)).ToList();
        _context.Changes.Require(
            "Health",
            bad.Count == 0,
            $"The stack '{session.Stack.Name}' is not well, so that nobody could tell afterwards what the maintenance did: {HealthReading.Describe(bad)}.",
            "Mend that first.",
            bad.FirstOrDefault()?.Name);
        var actions = WindowSteps.Opening(_context, health);
        return (window with { Opening = WindowSteps.Pending(actions) }, actions);
    }

    private static void RequireNoOther(IReadOnlyList<WindowDocument> all)
    {
        if (all.LastOrDefault(window => window.Active) is not { } other)
        {
            return;
        }

        throw new OpsException(
            "Guard.OpenWindow",
            OpsErrorKind.Refused,
            $"The stack '{other.Stack}' is in the maintenance window {other.Id} '{other.Title}' already, {(other.IsInterrupted ? "interrupted" : other.State.ToString().ToLowerInvariant())}, begun by {WindowTexts.Who(other)}, until {WindowTexts.Moment(other, other.End)}.",
            "Stop-MaintenanceWindow ends it; Start-MaintenanceWindow -Extend gives it more time.",
            other.Id);
    }

    private WindowDocument Choose(WindowRequest request, IReadOnlyList<WindowDocument> all)
    {
        var now = _context.Now;
        var planned = all.Where(window => window.State == MaintenanceWindowState.Planned).ToList();
        var chosen = request.Id is { } id
            ? planned.Find(window => window.Id == id) ?? throw new OpsException(
                "Window.NotPlanned", OpsErrorKind.NotFound, $"The stack '{session.Stack.Name}' has no planned maintenance window '{Display.Text(id)}'.", "Get-MaintenanceWindow lists them.", id)
            : planned.Find(window => WindowTimes.Next(window, all, now) is var begin && begin - Early <= now && now < begin + window.Length);
        if (chosen is null)
        {
            return New(now, now + (request.Length ?? WindowRequest.DefaultLength), request.Title);
        }

        var at = WindowTimes.Next(chosen, all, now);
        var isDue = at - Early <= now && now < at + chosen.Length;
        _context.Changes.Require(
            "WindowTime",
            isDue,
            $"The maintenance window {chosen.Id} '{chosen.Title}' was announced for {WindowTexts.Moment(chosen, at)} to {WindowTexts.Moment(chosen, at + chosen.Length)}, which is not now.",
            "Wait until then.",
            chosen.Id);
        if (request.Id is null)
        {
            output.Verbose($"This is the window that was planned as {chosen.Id} '{chosen.Title}'.");
        }

        var end = request.Length is { } length ? now + length : isDue ? at + chosen.Length : now + chosen.Length;
        return chosen.Repeat is null
            ? Begun(chosen) with { End = end }
            : Begun(New(at, end, request.Title ?? chosen.Title)) with { Id = $"{chosen.Id}.{at:yyyyMMddHHmm}", Plan = chosen.Id, TimeZone = chosen.TimeZone, LocalBegin = WallClock.Of(chosen.TimeZone).Show(at) };

        WindowDocument Begun(WindowDocument window) => window with { State = MaintenanceWindowState.Starting, By = LockHolder.Self(origin.Command), Title = request.Title ?? window.Title, Reason = Reason };
    }

    private string? Reason => origin.Reason is { } reason ? CommandRedactor.RedactText(reason) : null;

    private WindowDocument New(DateTime begin, DateTime end, string? title) => new()
    {
        Id = WindowStore.NewId(_context.Now),
        Stack = session.Stack.Name,
        State = MaintenanceWindowState.Starting,
        Title = CommandRedactor.RedactText(title ?? "Maintenance"),
        Begin = begin,
        End = end,
        Reason = Reason,
        By = LockHolder.Self(origin.Command),
        Worker = LockHolder.Self(origin.Command),
    };
}
