using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Engine.State;

namespace OpsRunbook.Engine.Maintenance;

/// <summary>Plans maintenance windows, and gives open ones more time.</summary>
/// <param name="session">The stack in use.</param>
/// <param name="origin">Who wants it.</param>
/// <param name="output">Takes warnings, plans and the question.</param>
/// <param name="time">Tells the time; null for the system's.</param>
public sealed class WindowPlanner(StackSession session, ChangeOrigin origin, IOperationOutput output, TimeProvider? time = null)
{
    private readonly WindowStore _store = new(session.State, session.Stack.Name);
    private readonly WindowContext _context = new(session, origin, output, TimeSpan.FromMinutes(2), time);

    /// <summary>Plans a window, and announces it.</summary>
    /// <param name="plan">What is asked.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>The window; null under <c>-WhatIf</c>, or when the operator said no.</returns>
    /// <exception cref="OpsException"><c>Window.TimeInvalid</c>, <c>Window.TimeZoneUnknown</c>, <c>Window.RepeatInvalid</c>, <c>Window.InPast</c>, <c>Guard.Freeze</c>.</exception>
    public async Task<MaintenanceWindow?> PlanAsync(WindowPlan plan, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(plan);
        var clock = WallClock.Of(plan.TimeZone);
        var local = clock.Read(plan.At);
        var rule = plan.Repeat is null ? null : RecurrenceRule.Parse(plan.Repeat);
        local = rule?.From(local).First() ?? local;

        // A moment that was given as such stays it, also in the hour that comes twice in autumn.
        var begin = plan.At is DateTime { Kind: not DateTimeKind.Unspecified } moment && rule is null ? moment.ToUniversalTime() : clock.ToUtc(local);
        var window = new WindowDocument
        {
            Id = WindowStore.NewId(_context.Now),
            Stack = session.Stack.Name,
            State = MaintenanceWindowState.Planned,
            Title = CommandRedactor.RedactText(plan.Title ?? "Maintenance"),
            Begin = begin,
            End = begin + plan.Length,
            TimeZone = clock.Zone,
            LocalBegin = local,
            Repeat = rule?.ToString(),
            Reason = origin.Reason is { } reason ? CommandRedactor.RedactText(reason) : null,
            By = LockHolder.Self(origin.Command),
            Worker = LockHolder.Self(origin.Command),
        };
        if (rule is null && window.End <= _context.Now)
        {
            throw new OpsException(
                "Window.InPast", OpsErrorKind.InvalidArgument, $"{WindowTexts.Moment(window, begin)} is over already.", "Give a time to come; to begin now, leave -At out.", plan.At);
        }

        if (clock.Show(begin) != local)
        {
            output.Warning($"The clock of {clock.Zone} leaves {local:yyyy-MM-dd HH:mm} out; the window begins at {WindowTexts.Moment(window, begin)}.");
        }

        return await _store.LockedAsync(origin.Command, token => PlanAsync(window, token), cancellationToken);
    }

    /// <summary>Gives the open window more time. Its silences last longer too.</summary>
    /// <param name="id">Id of the window; null for the one that is open.</param>
    /// <param name="more">How much.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>The window; null under <c>-WhatIf</c>, or when the operator said no.</returns>
    /// <exception cref="OpsException"><c>Window.NotOpen</c>, <c>Guard.Freeze</c>.</exception>
    public Task<MaintenanceWindow?> ExtendAsync(string? id, TimeSpan more, CancellationToken cancellationToken) =>
        _store.LockedAsync(origin.Command, token => ExtendLockedAsync(id, more, token), cancellationToken);

    private async Task<MaintenanceWindow?> PlanAsync(WindowDocument window, CancellationToken cancellationToken)
    {
        WindowGuards.RequireNoFreeze(_context.Changes, session.Stack, window.Begin, window.End);
        if (session.Stack.Maintenance?.Notice is { } notice && window.Begin - _context.Now < notice)
        {
            output.Warning($"Users are to be told {Duration.Format(notice)} before, and the window begins in {Duration.Format(window.Begin > _context.Now ? window.Begin - _context.Now : TimeSpan.Zero)}.");
        }

        var all = await _store.ListAsync(onlyUnfinished: true, cancellationToken);
        foreach (var other in all.Where(other => other.State == MaintenanceWindowState.Planned && WindowTimes.Next(other, all, _context.Now) is var begin && begin < window.End && begin + other.Length > window.Begin))
        {
            output.Warning($"It overlaps with the planned window {other.Id} '{other.Title}'.");
        }

        var actions = AnnounceAction.Channels(session.Stack).Select(channel => new AnnounceAction(_context, WindowActions.AnnouncePlan, channel, WindowTexts.Planned)).ToList();
        var change = Change("Plan maintenance window", window);
        if (_context.Changes.IsWhatIf)
        {
            await _context.Changes.PlanAsync(change.Action, change.Target, change.Host, $"from {WindowTexts.Moment(window, window.Begin)} to {WindowTexts.Moment(window, window.End)}{(window.Repeat is { } repeat ? $", {repeat}" : string.Empty)}", cancellationToken);
            await WindowSteps.PlanAsync(actions, window, output, cancellationToken);

            return null;
        }

        if (!await output.ConfirmAsync($"stack {window.Stack}, {WindowTexts.Moment(window, window.Begin)} to {WindowTexts.Moment(window, window.End)}", change.Action, cancellationToken))
        {
            return null;
        }

        return await ChangeAsync(change, window with { Opening = WindowSteps.Pending(actions) }, actions, cancellationToken);
    }

    private async Task<MaintenanceWindow?> ExtendLockedAsync(string? id, TimeSpan more, CancellationToken cancellationToken)
    {
        var open = (await _store.ListAsync(onlyUnfinished: true, cancellationToken)).LastOrDefault(window => window.State == MaintenanceWindowState.Open && (id is null || window.Id == id))
            ?? throw new OpsException("Window.NotOpen", OpsErrorKind.NotFound, $"No maintenance window {(id is null ? string.Empty : $"'{Display.Text(id)}' ")}of the stack '{session.Stack.Name}' is open.", "Get-MaintenanceWindow shows what there is.", id ?? session.Stack.Name);

        // One that has outlived its end gets its time from now on.
        var end = (open.End > _context.Now ? open.End : _context.Now) + more;
        WindowGuards.RequireNoFreeze(_context.Changes, session.Stack, open.End, end);
        var window = open with { End = end };
        var actions = new List<IWindowAction>();
        if (SilenceAction.Conditions(session.Stack).Count > 0 && session.Stack.Monitoring?.Alertmanager is not null)
        {
            actions.Add(new ExtendSilencesAction(_context));
        }

        actions.AddRange(AnnounceAction.Channels(session.Stack).Select(channel => new AnnounceAction(_context, WindowActions.AnnounceMore, channel, WindowTexts.Extended)));
        var change = Change("Extend maintenance window", window);
        if (_context.Changes.IsWhatIf)
        {
            await _context.Changes.PlanAsync(change.Action, change.Target, change.Host, $"until {WindowTexts.Moment(window, end)}", cancellationToken);
            await WindowSteps.PlanAsync(actions, window, output, cancellationToken);

            return null;
        }

        if (!await output.ConfirmAsync($"stack {window.Stack}, window {window.Id} until {WindowTexts.Moment(window, end)}", change.Action, cancellationToken))
        {
            return null;
        }

        var kept = window.Opening.Where(step => step.Action is not (WindowActions.AnnounceMore or WindowActions.Extend));
        return await ChangeAsync(change, window with { Opening = [.. kept, .. WindowSteps.Pending(actions)] }, actions, cancellationToken);
    }

    private Change Change(string action, WindowDocument window) => new(action, session.Stack.Name, LocalHost.LocalName)
    {
        Before = new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["window"] = window.Id,
            ["title"] = window.Title,
            ["begin"] = WindowTexts.Moment(window, window.Begin),
            ["end"] = WindowTexts.Moment(window, window.End),
        },
    };

    private Task<MaintenanceWindow> ChangeAsync(Change change, WindowDocument window, IReadOnlyList<IWindowAction> actions, CancellationToken cancellationToken) => _context.Changes.RunAsync(
        change,
        async token =>
        {
            var run = new WindowRun(_store, _context, window);
            await run.SaveAsync(window);
            await run.DoAsync(actions, closing: false, token);
            return WindowView.Show(run.Window, null, _context.Settings, _context.Now);
        },
        _ => new ChangeResult(JournalOutcome.Succeeded, $"window {window.Id}"),
        cancellationToken);
}
