using System.Diagnostics;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Services;

/// <summary>Follows a service after an action, with progress and a deadline.</summary>
internal sealed class ServiceWait(StackSession session, IOperationOutput output)
{
    private static readonly TimeSpan FirstLook = TimeSpan.FromMilliseconds(150);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestLook = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestCheck = TimeSpan.FromSeconds(10);

    // A program that finds its configuration wrong ends within moments. Health checks that pass say more than
    // the mere existence of a process, so they need to hold less long.
    private static readonly TimeSpan HoldsWithChecks = TimeSpan.FromSeconds(1.5);
    private static readonly TimeSpan HoldsWithout = TimeSpan.FromSeconds(4);

    /// <summary>Waits until a service is up, healthy, and stays so for a moment.</summary>
    /// <param name="target">The service, just started.</param>
    /// <param name="instances">Instances that must run; null for those that the manager has.</param>
    /// <param name="limit">Longest time to wait.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>How it ended.</returns>
    public async Task<StartResult> UntilHealthyAsync(ServiceTarget target, int? instances, TimeSpan limit, CancellationToken cancellationToken)
    {
        var host = session.Host(target.HostName);
        var watch = new StartWatch();
        var clock = Stopwatch.StartNew();
        ServiceHealth? health = null;
        (TimeSpan At, string Run)? well = null;
        var seen = "it was not looked at yet";
        for (var pause = FirstLook; ; pause = Interval)
        {
            await Task.Delay(pause, cancellationToken);
            var state = await ServiceReader.StateAsync(host, target, cancellationToken);
            var verdict = watch.See(state);
            if (verdict is StartWatch.Verdict.Looping or StartWatch.Verdict.Ended)
            {
                // Between two looks it may have ended and come back, and only what is down shows its exit code.
                for (var look = Stopwatch.StartNew(); verdict == StartWatch.Verdict.Looping && watch.ExitCode is null && look.Elapsed < LongestLook; await Task.Delay(FirstLook / 3, cancellationToken))
                {
                    state = await ServiceReader.StateAsync(host, target, cancellationToken);
                    watch.See(state);
                }

                return new StartResult(
                    ServiceOutcome.CrashLoop,
                    verdict == StartWatch.Verdict.Ended ? $"it ended {Duration.Format(clock.Elapsed)} after its start: {state.State}" : $"it ends again and again: {state.State}, {watch.Restarts ?? 2} restarts in {Duration.Format(clock.Elapsed)}",
                    health,
                    state with { ExitCode = watch.ExitCode },
                    watch.Restarts);
            }

            seen = state.State;
            var few = instances is { } wanted && state.Instances != wanted;
            if (verdict == StartWatch.Verdict.Up && !few)
            {
                var left = limit - clock.Elapsed;
                health = await ServiceHealthReader.ReadAsync(session, target, left < LongestCheck && left > TimeSpan.Zero ? left : LongestCheck, cancellationToken);
                seen = $"{state.State}; {health.Message}{(health.CausedBy is { } cause ? $", caused by {cause}" : string.Empty)}";

                // A warning, such as a slow answer, is no reason to call a start failed.
                var run = string.Join(' ', state.InstanceList.Select(instance => $"{instance.Id}:{instance.Pid}:{instance.Restarts}"));
                if (health.Status is HealthStatus.Healthy or HealthStatus.Warning)
                {
                    well = well is { } since && since.Run == run ? since : (clock.Elapsed, run);
                    if (clock.Elapsed - well.Value.At >= (health.Checks.Count > 1 ? HoldsWithChecks : HoldsWithout))
                    {
                        return new StartResult(ServiceOutcome.Done, $"{(health.Status == HealthStatus.Healthy ? "healthy" : $"up with a warning ({health.Message})")} after {Duration.Format(well.Value.At)}", health, state, watch.Restarts);
                    }
                }
                else
                {
                    well = null;
                }
            }
            else
            {
                well = null;
                if (few && verdict == StartWatch.Verdict.Up)
                {
                    seen = $"{state.Instances} of {instances} instances run";
                }
            }

            output.Progress($"Waiting for {target.Name}", $"{seen}; {Duration.Format(limit - clock.Elapsed)} left", (int)Math.Min(100, 100 * clock.Elapsed / limit));
            if (clock.Elapsed >= limit)
            {
                var waitsFor = await ServiceControls.Get(target.Manager).WaitsForAsync(host, target, cancellationToken);
                return new StartResult(
                    ServiceOutcome.Failed,
                    waitsFor is null
                        ? $"it runs but was not healthy within {Duration.Format(limit)}: {seen}"
                        : $"it waits for {waitsFor}; nobody answered within {Duration.Format(limit)}",
                    health,
                    state,
                    watch.Restarts);
            }
        }
    }

    /// <summary>Waits until a service is gone.</summary>
    /// <param name="target">The service, just stopped.</param>
    /// <param name="limit">Longest time to wait.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Its last state, and whether it is gone.</returns>
    public async Task<(UnitState State, bool IsGone)> UntilGoneAsync(ServiceTarget target, TimeSpan limit, CancellationToken cancellationToken)
    {
        var host = session.Host(target.HostName);
        for (var clock = Stopwatch.StartNew(); ; await Task.Delay(Interval, cancellationToken))
        {
            var state = await ServiceReader.StateAsync(host, target, cancellationToken);
            var gone = state is { IsChanging: false, Instances: 0, Pid: null };
            if (gone || clock.Elapsed >= limit)
            {
                return (state, gone);
            }

            output.Progress($"Waiting for {target.Name} to stop", $"{state.State}; {Duration.Format(limit - clock.Elapsed)} left", (int)Math.Min(100, 100 * clock.Elapsed / limit));
        }
    }
}
