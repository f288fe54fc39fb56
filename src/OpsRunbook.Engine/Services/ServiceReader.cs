using System.Diagnostics;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Services;

/// <summary>Reads the present state of services: one question to each manager of each host, all at once.</summary>
public static class ServiceReader
{
    /// <summary>How long CPU use is measured.</summary>
    public static readonly TimeSpan DefaultSample = TimeSpan.FromMilliseconds(500);

    /// <summary>Emits every service.</summary>
    /// <param name="session">The stack in use.</param>
    /// <param name="targets">The services.</param>
    /// <param name="sample">How long CPU use is measured; zero for not at all.</param>
    /// <param name="output">Takes them, and an error for each manager that cannot be asked.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>A task that ends with the last one.</returns>
    public static async Task ReadAsync(
        StackSession session, IReadOnlyList<ServiceTarget> targets, TimeSpan sample, IOperationOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(output);

        // In the order of the stack, whichever host answers first.
        var read = targets.GroupBy(target => target.HostName, StringComparer.Ordinal)
            .Select(group => (group.Key, Task: Task.Run(() => ReadHostAsync(session.Host(group.Key), session.Stack.Name, [.. group], sample, output, cancellationToken), cancellationToken)))
            .ToDictionary(pair => pair.Key ?? string.Empty, pair => pair.Task, StringComparer.Ordinal);
        foreach (var target in targets)
        {
            await output.WriteAsync((await read[target.HostName ?? string.Empty])[target], cancellationToken);
        }
    }

    /// <summary>The state of one service.</summary>
    /// <param name="host">Its host.</param>
    /// <param name="target">The service.</param>
    /// <param name="cancellationToken">Ends the question.</param>
    /// <returns>The state.</returns>
    /// <exception cref="OpsException">The manager cannot be asked.</exception>
    public static Task<UnitState> StateAsync(IHost host, ServiceTarget target, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(target);
        return ServiceManagers.Get(target.Manager).GetStateAsync(host, target.Unit, cancellationToken);
    }

    private static async Task<Dictionary<ServiceTarget, OpsService>> ReadHostAsync(
        IHost host, string stack, List<ServiceTarget> targets, TimeSpan sample, IOperationOutput output, CancellationToken cancellationToken)
    {
        var usage = sample > TimeSpan.Zero ? UsageAsync(host, sample, cancellationToken) : Task.FromResult<UnitUsage?>(null);
        var groups = targets.GroupBy(target => (target.Manager, target.Unit.User, target.Unit.Pm2Home)).Select(group => ManagerAsync(host, group.Key.Manager, [.. group], output, cancellationToken));
        var states = (await Task.WhenAll(groups)).SelectMany(states => states).ToList();
        var measured = await usage;
        var now = DateTime.UtcNow;
        return states.ToDictionary(pair => pair.Target, pair => Describe(pair.Target, pair.State, stack, measured, now));
    }

    private static async Task<IEnumerable<(ServiceTarget Target, UnitState State)>> ManagerAsync(
        IHost host, ServiceManagerKind kind, List<ServiceTarget> targets, IOperationOutput output, CancellationToken cancellationToken)
    {
        try
        {
            return targets.Zip(await ServiceManagers.Get(kind).GetStatesAsync(host, targets.ConvertAll(target => target.Unit), cancellationToken));
        }
        catch (OpsException error)
        {
            output.Error(error);
            return targets.Select(target => (target, new UnitState(HealthStatus.Unknown, $"not known: {error.Message}", Instances: 0, Reason: error.Id)));
        }
    }

    private static async Task<UnitUsage?> UsageAsync(IHost host, TimeSpan sample, CancellationToken cancellationToken)
    {
        try
        {
            var clock = Stopwatch.StartNew();
            var before = await host.GetProcessesAsync(cancellationToken);
            var first = clock.Elapsed;
            await Task.Delay(sample, cancellationToken);
            var after = await host.GetProcessesAsync(cancellationToken);

            // Each process was read about as long after the first reading as the readings began apart.
            return new UnitUsage(before, after, first + sample);
        }
        catch (OpsException)
        {
            // The managers' own answers say why the host cannot be asked.
            return null;
        }
    }

    private static OpsService Describe(ServiceTarget target, UnitState state, string stack, UnitUsage? usage, DateTime now)
    {
        var (cpu, memory) = state.Instances > 0 && usage is not null ? usage.Of(state) : (null, null);
        return new OpsService
        {
            Status = state.Status,
            Name = target.Name,
            Kind = target.Kind,
            Manager = target.Manager,
            Unit = target.Unit.Name,
            Host = target.Host,
            Stack = stack,
            State = state.State,
            Reason = state.Reason,
            Since = state.Since,
            Pid = state.Pid,
            Instances = state.Instances,
            Restarts = state.Restarts,
            MemoryBytes = state.Instances > 0 ? state.MemoryBytes ?? memory : null,
            CpuPercent = cpu,
            MemoryLimitBytes = state.Limits?.MemoryBytes,
            CpuLimit = state.Limits?.Cpus,
            InstanceList = state.InstanceList,
            Detail = state.Detail,
            CheckedAt = now,
        };
    }
}
