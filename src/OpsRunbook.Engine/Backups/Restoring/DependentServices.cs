using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.Services;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Backups;

/// <summary>The services of a stack that cannot work without a database: stopped before it is replaced, started afterwards.</summary>
/// <param name="session">The stack.</param>
/// <param name="database">Name of the database in it.</param>
/// <param name="changes">The road for changes.</param>
/// <param name="output">Takes what becomes of each.</param>
/// <param name="timeout">Longest time to wait for one.</param>
internal sealed class DependentServices(StackSession session, string database, ChangeRunner changes, IOperationOutput output, TimeSpan timeout)
{
    // What is left to do after Ctrl+C.
    private static readonly TimeSpan LastWork = TimeSpan.FromSeconds(20);
    private readonly List<ServiceTarget> _stopped = [];

    /// <summary>Names of those that are to be started again, in that order.</summary>
    public IReadOnlyList<string> Stopped => ServiceTargets.InStartOrder(session.Stack, _stopped).Select(target => target.Name).ToList();

    /// <summary>Those that run, in the order in which they are started.</summary>
    /// <param name="cancellationToken">Ends the questions.</param>
    /// <returns>The services.</returns>
    public async Task<IReadOnlyList<ServiceTarget>> FindRunningAsync(CancellationToken cancellationToken)
    {
        var running = new List<ServiceTarget>();
        foreach (var target in ServiceTargets.Of(session.Stack).Where(target => target.Kind == MemberKind.Service && ServiceTargets.DependenciesOf(session.Stack, target.Name).Contains(database)))
        {
            if ((await ServiceReader.StateAsync(session.Host(target.HostName), target, cancellationToken)).Instances > 0)
            {
                running.Add(target);
            }
        }

        return ServiceTargets.InStartOrder(session.Stack, running);
    }

    /// <summary>Takes over those that a run which was interrupted has stopped.</summary>
    /// <param name="names">Their names.</param>
    public void Remember(IEnumerable<string> names) =>
        _stopped.AddRange(ServiceTargets.Of(session.Stack).Where(target => names.Contains(target.Name) && !_stopped.Exists(known => known.Name == target.Name)));

    /// <summary>Stops services, those that depend on others first.</summary>
    /// <param name="targets">The services, in the order in which they are started.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>A task.</returns>
    /// <exception cref="OpsException"><c>Service.NotStopped</c>.</exception>
    public async Task StopAsync(IReadOnlyList<ServiceTarget> targets, CancellationToken cancellationToken)
    {
        var runner = new ServiceOperator(session, changes, output, timeout);
        foreach (var target in targets.Reverse())
        {
            Remember([target.Name]);
            var change = await runner.ApplyAsync(ServiceAction.Stop, target, cancellationToken);
            if (change.Outcome is not (ServiceOutcome.Done or ServiceOutcome.Unchanged))
            {
                throw new OpsException(
                    "Service.NotStopped", OpsErrorKind.OperationFailed, $"'{target.Name}' depends on '{database}' and could not be stopped: {change.Message}.", "Stop it by hand, and restore again.", target.Name);
            }
        }
    }

    /// <summary>Starts all that were stopped. Each that does not become healthy is an error, and the others are started all the same.</summary>
    /// <param name="cancellationToken">Cancelled when the operator wants to wait no longer; they are started nevertheless.</param>
    /// <returns>True when all run.</returns>
    public async Task<bool> StartAsync(CancellationToken cancellationToken)
    {
        using var last = new CancellationTokenSource();
        await using var hurry = cancellationToken.Register(() => last.CancelAfter(LastWork));
        var runner = new ServiceOperator(session, changes, output, timeout);
        var isWell = true;
        foreach (var target in ServiceTargets.InStartOrder(session.Stack, _stopped))
        {
            try
            {
                if ((await ServiceReader.StateAsync(session.Host(target.HostName), target, last.Token)).Instances > 0)
                {
                    continue;
                }

                var change = await runner.ApplyAsync(ServiceAction.Start, target, last.Token);
                if (change.Outcome is not (ServiceOutcome.Done or ServiceOutcome.Unchanged))
                {
                    throw new OpsException("Service.NotHealthy", OpsErrorKind.OperationFailed, $"'{target.Name}' was started again and is not well: {change.Message}.", $"See Get-ServiceHealth {target.Name}.", target.Name);
                }
            }
            catch (Exception error) when (error is OpsException or OperationCanceledException)
            {
                isWell = false;
                output.Error(error as OpsException ?? new OpsException(
                    "Service.OutcomeUnknown", OpsErrorKind.Timeout, $"'{target.Name}' was stopped for the restore, and nobody waited until it ran again.", $"Start it with Start-OpsService {target.Name}.", target.Name));
            }
        }

        return isWell;
    }
}
