using System.Diagnostics;
using System.Text.RegularExpressions;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Services;

/// <summary>
/// Starts, stops, restarts, reloads and recreates services: in the order of their dependencies, drained first, and
/// followed until they are healthy or gone.
/// </summary>
/// <param name="session">The stack in use.</param>
/// <param name="changes">The road of every change.</param>
/// <param name="output">Takes results, errors and progress.</param>
/// <param name="timeout">Longest time to wait for one service.</param>
public sealed partial class ServiceOperator(StackSession session, ChangeRunner changes, IOperationOutput output, TimeSpan timeout)
{
    private const int LogLines = 20;
    private static readonly TimeSpan ResumeLimit = TimeSpan.FromSeconds(4);

    private readonly ServiceWait _wait = new(session, output);
    private readonly Dictionary<string, string> _notDone = new(StringComparer.Ordinal);
    private bool _wholeStack;

    /// <summary>Services that the same operation stops by other calls: of these nobody is warned.</summary>
    public IReadOnlyCollection<string> AlsoStopped { get; init; } = [];

    /// <summary>Does an action to services in their order, and emits a result for each.</summary>
    /// <param name="action">Start, stop, restart, reload or recreate.</param>
    /// <param name="targets">The services.</param>
    /// <param name="downFirst">Everything is stopped before anything is started again, for a restart of a whole stack.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>A task that ends with the last one.</returns>
    /// <exception cref="OpsException"><c>Service.DependencyCycle</c>.</exception>
    public async Task RunAsync(ServiceAction action, IReadOnlyList<ServiceTarget> targets, bool downFirst, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(targets);
        _wholeStack = downFirst;
        var ordered = ServiceTargets.InStartOrder(session.Stack, targets);
        var steps = downFirst && action == ServiceAction.Restart
            ? ordered.Reverse().Select(target => (ServiceAction.Stop, target)).Concat(ordered.Select(target => (ServiceAction.Start, target)))
            : (action == ServiceAction.Stop ? ordered.Reverse() : ordered).Select(target => (action, target));
        WarnOfDependents(action, targets);
        foreach (var (step, target) in steps.ToList())
        {
            // What runs now will have been stopped when its turn to start comes.
            await RunAsync(step, target, isDown: downFirst && step == ServiceAction.Start && action == ServiceAction.Restart, cancellationToken);
        }
    }

    /// <summary>Does an action to one service that nobody needs to be asked about any more, and follows it to its end.</summary>
    /// <param name="action">Start, stop, restart, reload or recreate.</param>
    /// <param name="target">The service.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>What came of it; a service that does not become healthy is a result, not an exception.</returns>
    /// <exception cref="OpsException">It cannot be done at all, or a guard refuses: nothing was changed.</exception>
    public async Task<ServiceChange> ApplyAsync(ServiceAction action, ServiceTarget target, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(target);
        return await ApplyAsync(StepOf(action, target, await ReadAsync(action, target, cancellationToken)), cancellationToken);
    }

    /// <summary>Does a step and follows the service to its end.</summary>
    /// <param name="step">The step, already confirmed.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>What came of it; a service that does not become healthy is a result, not an exception.</returns>
    /// <exception cref="OpsException">It cannot be done at all, or a guard refuses: nothing was changed.</exception>
    internal async Task<ServiceChange> ApplyAsync(ServiceStep step, CancellationToken cancellationToken)
    {
        var begun = new Progress(DateTime.UtcNow, Stopwatch.GetTimestamp());
        begun.Before = await ServiceHealthReader.ReadAsync(session, step.Target, TimeSpan.FromSeconds(10), cancellationToken);
        try
        {
            return await changes.RunAsync(
                ChangeOf(step.Action, step.Target, step.State),
                token => WorkAsync(step, begun, token),
                change => new ChangeResult(change.Outcome == ServiceOutcome.Done ? JournalOutcome.Succeeded : JournalOutcome.Failed, change.Message)
                {
                    After = new Dictionary<string, string?>(StringComparer.Ordinal) { ["health"] = $"{change.After?.Status}" },
                },
                cancellationToken);
        }
        catch (OpsException error) when (begun.Done is not null)
        {
            // Half of it is done, so it is told as a result: what was done, and what is not known.
            var lost = error.Kind is OpsErrorKind.Connection or OpsErrorKind.Timeout;
            return Result(step.Action, lost ? ServiceOutcome.Unknown : ServiceOutcome.Failed, step.Target, $"{begun.Done}, then: {error.Message}", begun);
        }
    }

    /// <summary>Emits the plan of a step.</summary>
    /// <param name="step">The step.</param>
    /// <param name="cancellationToken">Cancelled when the caller wants no more.</param>
    /// <returns>A task that ends when it is taken.</returns>
    internal async Task PlanAsync(ServiceStep step, CancellationToken cancellationToken)
    {
        var (name, host) = (step.Target.Name, step.Target.Host);
        var drain = step.Interrupts ? ServiceDrain.For(session, step.Target) : null;
        if (drain is not null)
        {
            await changes.PlanAsync("Drain", name, host, drain.Describe(), cancellationToken);
        }

        await changes.PlanAsync($"{step.Action}", name, host, step.Command, cancellationToken);
        await changes.PlanAsync("Wait", name, host, $"until it is {(step.Action == ServiceAction.Stop ? "gone" : "healthy")}, up to {Duration.Format(timeout)}", cancellationToken);
        if (drain is not null && step.Action != ServiceAction.Stop)
        {
            await changes.PlanAsync("Resume", name, host, "let requests in again", cancellationToken);
        }
    }

    private static bool IsUnchanged(ServiceAction action, UnitState state) => action switch
    {
        ServiceAction.Start => state is { Status: HealthStatus.Healthy, Instances: > 0 },
        ServiceAction.Stop => state is { Instances: 0, Pid: null, IsChanging: false } && state.Reason != "Service.Restarting",
        _ => false,
    };

    private static Change ChangeOf(ServiceAction action, ServiceTarget target, UnitState state) => new($"{action}", target.Name, target.Host)
    {
        Before = new Dictionary<string, string?>(StringComparer.Ordinal) { ["state"] = state.State, ["pid"] = state.Pid is { } pid ? $"{pid}" : null },
    };

    private void WarnOfDependents(ServiceAction action, IReadOnlyList<ServiceTarget> targets)
    {
        if (action is ServiceAction.Start or ServiceAction.Reload)
        {
            return;
        }

        var names = targets.Select(target => target.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var other in ServiceTargets.Of(session.Stack).Where(other => !names.Contains(other.Name) && !AlsoStopped.Contains(other.Name)))
        {
            var cut = ServiceTargets.DependenciesOf(session.Stack, other.Name).Where(names.Contains).ToList();
            if (cut.Count > 0)
            {
                output.Warning($"'{other.Name}' depends on {string.Join(" and ", cut.Select(name => $"'{name}'"))} and is left as it is.");
            }
        }
    }

    private async Task RunAsync(ServiceAction action, ServiceTarget target, bool isDown, CancellationToken cancellationToken)
    {
        try
        {
            if (Obstacle(action, target) is { } obstacle && !changes.IsWhatIf)
            {
                _notDone[target.Name] = "was skipped";
                await output.WriteAsync(Result(action, ServiceOutcome.Skipped, target, $"nothing was done, because '{obstacle}' {_notDone[obstacle]}"), cancellationToken);
                return;
            }

            var state = await ReadAsync(action, target, cancellationToken);
            var unchanged = IsUnchanged(action, state) && !(isDown && changes.IsWhatIf) ? $"already so: {state.State}" : null;
            if (changes.IsWhatIf)
            {
                await (unchanged is null
                    ? PlanAsync(StepOf(action, target, state), cancellationToken)
                    : changes.PlanAsync("None", target.Name, target.Host, unchanged, cancellationToken).AsTask());
            }
            else if (unchanged is not null)
            {
                // An earlier run may have been killed before it let requests in again.
                if (action == ServiceAction.Start && ServiceDrain.For(session, target) is { } drain)
                {
                    await ResumeAsync(drain, target);
                }

                await output.WriteAsync(Result(action, ServiceOutcome.Unchanged, target, unchanged), cancellationToken);
            }
            else if (!await changes.ConfirmAsync(ChangeOf(action, target, state), cancellationToken))
            {
                _notDone[target.Name] = "was declined";
            }
            else
            {
                await ReportAsync(await ApplyAsync(StepOf(action, target, state), cancellationToken), cancellationToken);
            }
        }
        catch (OpsException error)
        {
            _notDone[target.Name] = "failed";
            output.Error(error);
        }
    }

    /// <summary>Emits a result, and the error that belongs to it.</summary>
    /// <param name="change">The result.</param>
    /// <param name="cancellationToken">Cancelled when the caller wants no more.</param>
    /// <returns>A task that ends when it is taken.</returns>
    internal async Task ReportAsync(ServiceChange change, CancellationToken cancellationToken)
    {
        await output.WriteAsync(change, cancellationToken);
        if (change.Outcome is not (ServiceOutcome.Done or ServiceOutcome.Unchanged))
        {
            _notDone[change.Name] = "failed";
            output.Error(Failure(change));
        }
    }

    // What is started needs what it depends on; what is stopped must not pull the ground from what could not be stopped.
    private string? Obstacle(ServiceAction action, ServiceTarget target) => action == ServiceAction.Stop
        ? _notDone.Keys.FirstOrDefault(other => ServiceTargets.DependenciesOf(session.Stack, other).Contains(target.Name))
        : ServiceTargets.DependenciesOf(session.Stack, target.Name).FirstOrDefault(_notDone.ContainsKey);

    private async Task<UnitState> ReadAsync(ServiceAction action, ServiceTarget target, CancellationToken cancellationToken)
    {
        var host = session.Host(target.HostName);
        var state = await ServiceReader.StateAsync(host, target, cancellationToken);
        if (ServiceControls.Get(target.Manager).Refuse(action, target, state) is { } refusal)
        {
            throw refusal;
        }

        if (target.IsNginx && action is ServiceAction.Restart or ServiceAction.Reload or ServiceAction.Recreate)
        {
            await NginxTest.RequireValidAsync(host, target, state, cancellationToken);
        }

        return state;
    }

    private ServiceStep StepOf(ServiceAction action, ServiceTarget target, UnitState state)
    {
        var control = ServiceControls.Get(target.Manager);
        return new ServiceStep(
            action,
            target,
            state,
            control.Describe(action, target, state),
            token => control.ActAsync(action, session.Host(target.HostName), target, state, timeout, token))
        {
            Instances = target.Manager is ServiceManagerKind.Pm2 or ServiceManagerKind.Compose && state.InstanceList.Count > 1 ? state.InstanceList.Count : null,
            Interrupts = action is ServiceAction.Stop or ServiceAction.Restart or ServiceAction.Recreate && state.Instances > 0,
        };
    }

    private async Task<ServiceChange> WorkAsync(ServiceStep step, Progress progress, CancellationToken cancellationToken)
    {
        var (action, target) = (step.Action, step.Target);
        var drain = ServiceDrain.For(session, target);
        var letIn = true;
        try
        {
            if (drain is not null && step.Interrupts)
            {
                progress.Drain = await DrainAsync(drain, target, cancellationToken);
            }

            output.Verbose($"{target.Name} on {target.Host}: {step.Command}");
            progress.Done = $"'{step.Command}' was sent";
            await step.ActAsync(cancellationToken);
            progress.Done = $"'{step.Command}' was accepted";
            if (action == ServiceAction.Stop || step.Instances == 0)
            {
                var (last, gone) = await _wait.UntilGoneAsync(target, timeout, cancellationToken);
                letIn = !gone;
                return Result(action, gone ? ServiceOutcome.Done : ServiceOutcome.Failed, target, gone ? $"stopped: {last.State}" : $"it was not gone within {Duration.Format(timeout)}: {last.State}", progress);
            }

            var start = await _wait.UntilHealthyAsync(target, step.Instances, timeout, cancellationToken);
            letIn = start.Outcome == ServiceOutcome.Done;
            progress.After = start.Health;
            return Result(
                action,
                start.Outcome,
                target,
                start.Message + (drain is not null && !letIn ? "; it gets no new requests until it is healthy after another Restart-OpsService" : string.Empty),
                progress,
                letIn ? null : await EvidenceAsync(target, start, cancellationToken));
        }
        finally
        {
            if (drain is not null && letIn)
            {
                await ResumeAsync(drain, target);
            }
        }
    }

    private async Task<string> DrainAsync(ServiceDrain drain, ServiceTarget target, CancellationToken cancellationToken)
    {
        try
        {
            var report = await drain.BeginAsync(output, cancellationToken);
            changes.Require("Drain", report.IsQuiet, $"'{target.Name}' still serves: {report.Message}.", "Wait until its requests have ended, or raise 'drain.timeout' in the stack file.", target.Name);
            return report.Message;
        }
        catch (OpsException error) when (error.Id == "Drain.LastServer")
        {
            // When everything is stopped, the last one of its upstream cannot be spared; else it is for the operator to say.
            changes.Require("Drain", _wholeStack, error.Message, error.NextStep ?? string.Empty, target.Name);
            return "not drained: nothing else serves its requests";
        }
    }

    // Also after Ctrl+C, which leaves no time to wait long.
    private async Task ResumeAsync(ServiceDrain drain, ServiceTarget target)
    {
        using var limit = new CancellationTokenSource(ResumeLimit);
        try
        {
            await drain.ResumeAsync(limit.Token);
        }
        catch (Exception error) when (error is OpsException or OperationCanceledException)
        {
            output.Error(new OpsException(
                "Drain.NotResumed",
                OpsErrorKind.OperationFailed,
                $"'{target.Name}' may still get no new requests: {error.Message}",
                $"Repeat with Start-OpsService {target.Name}, which lets them in again.",
                target.Name,
                error));
        }
    }

    private async Task<ServiceEvidence> EvidenceAsync(ServiceTarget target, StartResult start, CancellationToken cancellationToken)
    {
        var host = session.Host(target.HostName);
        IReadOnlyList<string> log = [];
        try
        {
            log = await ServiceControls.Get(target.Manager).ReadLogAsync(host, target, start.State, LogLines, cancellationToken);
        }
        catch (OpsException error)
        {
            output.Verbose($"The log of {target.Name} cannot be read: {error.Message}");
        }

        return new ServiceEvidence
        {
            ExitCode = start.State.ExitCode ?? SystemdControl.ExitCodeIn(log),
            Restarts = start.Restarts,
            Log = log.Select(CommandRedactor.RedactText).ToList(),
            PortConflict = await PortConflict.FindAsync(host, session.Stack, target, log, cancellationToken),
        };
    }

    private static OpsException Failure(ServiceChange change)
    {
        var evidence = change.Evidence;
        var parts = new[]
        {
            change.Message,
            evidence?.PortConflict,
            evidence?.ExitCode is { } code ? $"exit code {code}" : null,
            evidence?.PortConflict is null && OwnWords(evidence?.Log) is { } words ? $"its log ends with: {words}" : null,
        };
        var (id, nextStep) = change switch
        {
            { Outcome: ServiceOutcome.Unknown } => ("Service.OutcomeUnknown", $"See what there is with Get-OpsService {change.Name}."),
            { Evidence.PortConflict: not null } => ("Service.PortInUse", "Stop what holds the port, or give the service another one."),
            { Outcome: ServiceOutcome.CrashLoop } => ("Service.CrashLoop", "The result's Evidence.Log holds its last lines."),
            { Action: ServiceAction.Stop } => ("Service.NotStopped", "See what holds it up: Get-TopProcess, or the manager's own log."),
            _ => ("Service.NotHealthy", $"It was left as it is. See Get-ServiceHealth {change.Name}, and the result's Evidence.Log."),
        };
        return new OpsException(
            id,
            change.Outcome == ServiceOutcome.Unknown ? OpsErrorKind.Connection : OpsErrorKind.OperationFailed,
            $"'{change.Name}' on host '{change.Host}': {string.Join("; ", parts.OfType<string>())}.",
            nextStep,
            change.Name);
    }

    // What systemd says of the unit stands in the same log, and says no more than the state does.
    private static string? OwnWords(IReadOnlyList<string>? log) =>
        log is [.., var last] ? (log.LastOrDefault(line => !ManagersWords().IsMatch(line)) ?? last).Trim() : null;

    [GeneratedRegex("^(?:[^ ]+\\.[a-z]+: (?:Main process|Control process|Failed|Scheduled|Start request|Deactivated|Consumed|Killing|Unit process)|(?:Start|Stopp|Fail)ed |Starting |Stopping )", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex ManagersWords();

    private ServiceChange Result(
        ServiceAction action, ServiceOutcome outcome, ServiceTarget target, string message, Progress? progress = null, ServiceEvidence? evidence = null) => new()
        {
            Status = outcome switch
            {
                ServiceOutcome.Done or ServiceOutcome.Unchanged => action == ServiceAction.Stop ? HealthStatus.Healthy : progress?.After?.Status ?? HealthStatus.Healthy,
                ServiceOutcome.Unknown => HealthStatus.Unknown,
                _ => HealthStatus.Critical,
            },
            Name = target.Name,
            Action = action,
            Outcome = outcome,
            Manager = target.Manager,
            Host = target.Host,
            Stack = session.Stack.Name,
            Message = message,
            Duration = progress is null ? TimeSpan.Zero : Stopwatch.GetElapsedTime(progress.Timestamp),
            Before = progress?.Before,
            After = progress?.After,
            Drain = progress?.Drain,
            Evidence = evidence,
            StartedAt = progress?.StartedAt ?? DateTime.UtcNow,
        };

    // How far an action has come, should it end by an exception.
    private sealed class Progress(DateTime startedAt, long timestamp)
    {
        public DateTime StartedAt => startedAt;

        public long Timestamp => timestamp;

        public ServiceHealth? Before { get; set; }

        public ServiceHealth? After { get; set; }

        public string? Drain { get; set; }

        public string? Done { get; set; }
    }
}
