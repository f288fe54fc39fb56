using System.Globalization;
using OpsRunbook.Engine.Docker;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Services;

/// <summary>Sets the memory and CPU limit of services, and says what they were.</summary>
/// <param name="session">The stack in use.</param>
/// <param name="changes">The road of every change.</param>
/// <param name="output">Takes results, errors and progress.</param>
/// <param name="timeout">Longest time to wait for one service.</param>
public sealed class ServiceLimiter(StackSession session, ChangeRunner changes, IOperationOutput output, TimeSpan timeout)
{
    // What the Engine API calls the least that a container can start with.
    private const long LeastMemory = 6 * 1024 * 1024;
    private const long NoLimit = 0;

    /// <summary>Sets the limits of a service.</summary>
    /// <param name="target">The service.</param>
    /// <param name="memory">Bytes for each instance; 0 for no limit; null leaves it as it is.</param>
    /// <param name="cpus">Cores for each instance; 0 for no limit; null leaves it as it is.</param>
    /// <param name="temporary">Only until the machine starts again; systemd alone can do that.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>A task that ends when they are in effect.</returns>
    public async Task SetAsync(ServiceTarget target, long? memory, double? cpus, bool temporary, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(target);
        try
        {
            var host = session.Host(target.HostName);
            var state = await ServiceReader.StateAsync(host, target, cancellationToken);
            RequirePossible(target, state, memory, cpus, temporary);
            var (command, act) = CommandOf(host, target, state, memory, cpus, temporary);
            var restarts = target.Manager == ServiceManagerKind.Pm2;
            var step = new ServiceStep(ServiceAction.SetLimit, target, state, command, act) { Interrupts = restarts && state.Instances > 0 };
            var worker = new ServiceOperator(session, changes, output, timeout);
            if (changes.IsWhatIf)
            {
                await worker.PlanAsync(step, cancellationToken);
            }
            else if (await changes.ConfirmAsync(new Change($"Set limit ({Wanted(memory, cpus)})", target.Name, target.Host), cancellationToken))
            {
                await ApplyAsync(worker, step, restarts, temporary, cancellationToken);
            }
        }
        catch (OpsException error)
        {
            output.Error(error);
        }
    }

    private async Task ApplyAsync(ServiceOperator worker, ServiceStep step, bool restarts, bool temporary, CancellationToken cancellationToken)
    {
        var (target, before) = (step.Target, step.State);
        var change = before.Instances > 0
            ? await worker.ApplyAsync(step, cancellationToken)
            : await changes.RunAsync(
                new Change($"{step.Action}", target.Name, target.Host),
                async token =>
                {
                    await step.ActAsync(token);
                    return (ServiceChange?)null;
                },
                _ => new ChangeResult(JournalOutcome.Succeeded),
                cancellationToken);
        var after = await ServiceReader.StateAsync(session.Host(target.HostName), target, cancellationToken);
        var healthy = change is null or { Outcome: ServiceOutcome.Done };
        await output.WriteAsync(
            new ServiceLimitChange
            {
                Status = healthy ? HealthStatus.Healthy : change!.Status,
                Name = target.Name,
                Manager = target.Manager,
                Host = target.Host,
                Stack = session.Stack.Name,
                MemoryLimitBytes = after.Limits?.MemoryBytes,
                PreviousMemoryLimitBytes = before.Limits?.MemoryBytes,
                CpuLimit = after.Limits?.Cpus,
                PreviousCpuLimit = before.Limits?.Cpus,
                IsPersistent = target.Manager == ServiceManagerKind.Systemd && !temporary,
                WasRestarted = restarts && before.Instances > 0,
                Message = $"{(change is null ? "it does not run" : change.Message)}; {Lasting(target, temporary)}",
                ChangedAt = DateTime.UtcNow,
            },
            cancellationToken);
        if (!healthy)
        {
            output.Error(new OpsException(
                "Service.NotHealthy",
                OpsErrorKind.OperationFailed,
                $"'{target.Name}' on host '{target.Host}' has its new limit and is not healthy: {change!.Message}.",
                "Pipe the result to Set-OpsServiceLimit -Undo for the old limit.",
                target.Name));
        }
    }

    private static string Lasting(ServiceTarget target, bool temporary) => target.Manager switch
    {
        ServiceManagerKind.Systemd when temporary => "kept until the machine starts again",
        ServiceManagerKind.Systemd => "kept by systemd in a drop-in file",
        ServiceManagerKind.Pm2 => "kept by the pm2 daemon; 'pm2 save' keeps it beyond that",
        ServiceManagerKind.Compose => "kept until the container is recreated; the compose file still says what it said",
        _ => "kept until the container is removed",
    };

    private static string Wanted(long? memory, double? cpus) => string.Join(", ", new[]
    {
        memory is null ? null : $"memory {(memory == NoLimit ? "unlimited" : ByteSize.Format(memory.Value))}",
        cpus is null ? null : string.Create(CultureInfo.InvariantCulture, $"CPU {(cpus == NoLimit ? "unlimited" : $"{cpus} cores")}"),
    }.OfType<string>());

    private static void RequirePossible(ServiceTarget target, UnitState state, long? memory, double? cpus, bool temporary)
    {
        if (state.Reason == "Service.NotFound" || (state.InstanceList.Count == 0 && target.Manager != ServiceManagerKind.Process))
        {
            throw ServiceControls.Get(target.Manager).Refuse(ServiceAction.SetLimit, target, state) ?? ServiceErrors.NotFound(target);
        }

        if (temporary && target.Manager != ServiceManagerKind.Systemd)
        {
            throw Cannot(target, "only systemd takes a limit until the machine starts again.", "Leave -Temporary out; the result can be undone.");
        }

        switch (target.Manager)
        {
            case ServiceManagerKind.Process:
                throw Cannot(target, "nothing supervises it that could limit it.", "Let systemd run it.");
            case ServiceManagerKind.Pm2 when cpus is not null:
                throw Cannot(target, "pm2 limits memory only.", "Leave -Cpus out.");
            case ServiceManagerKind.Docker or ServiceManagerKind.Compose when (memory == NoLimit && state.Limits?.MemoryBytes is not null) || (cpus == NoLimit && state.Limits?.Cpus is not null):
                throw Cannot(target, "the Docker Engine can change a limit, but not take it away from a container that has one.", "Set one as large as the machine, or recreate the container.");
            case ServiceManagerKind.Docker or ServiceManagerKind.Compose when memory is > NoLimit and < LeastMemory:
                throw Cannot(target, $"the Docker Engine takes no limit below {ByteSize.Format(LeastMemory)}.", "Set a larger one.");
            default:
                break;
        }

        // Less than what is in use ends a process at once, or makes the kernel reclaim what it needs.
        if (memory is > NoLimit && state.MemoryBytes is { } used && memory < used / Math.Max(1, state.Instances))
        {
            throw Cannot(
                target, $"each instance uses {ByteSize.Format(used / Math.Max(1, state.Instances))} now, more than the limit of {ByteSize.Format(memory.Value)} would allow.", "Set a larger one, or restart it first.");
        }
    }

    private static OpsException Cannot(ServiceTarget target, string cause, string nextStep) => ServiceErrors.Cannot(target, ServiceAction.SetLimit, cause, nextStep);

    private (string Command, Func<CancellationToken, Task> Act) CommandOf(IHost host, ServiceTarget target, UnitState state, long? memory, double? cpus, bool temporary)
    {
        switch (target.Manager)
        {
            case ServiceManagerKind.Systemd:
                string[] properties =
                [
                    .. memory is null ? Array.Empty<string>() : [memory == NoLimit ? "MemoryMax=infinity" : Text($"MemoryMax={memory}")],
                    .. cpus is null ? Array.Empty<string>() : [cpus == NoLimit ? "CPUQuota=" : Text($"CPUQuota={cpus * 100:0.##}%")],
                ];
                string[] arguments = ["set-property", .. temporary ? new[] { "--runtime" } : [], "--", target.Unit.Name, .. properties];
                return ($"systemctl {PosixShell.Quote(arguments)}", async token =>
                    SystemdControl.Require(target, ServiceAction.SetLimit, await SystemdControl.SystemctlAsync(host, arguments, timeout, token)));
            case ServiceManagerKind.Pm2:
                var ids = string.Join(' ', state.InstanceList.Select(instance => instance.Id));
                var command = Text($"restart {ids} --max-memory-restart {memory}");
                return ($"pm2 {command}", async token =>
                    Pm2Control.Require(target, ServiceAction.SetLimit, await Pm2Shell.RunAsync(host, target.Unit, command + " --silent", [], timeout, token)));
            default:
                var names = string.Join(' ', state.InstanceList.Select(instance => instance.Name));
                var options = string.Join(' ', new[] { memory is > NoLimit ? Text($"--memory {memory}") : null, cpus is > NoLimit ? Text($"--cpus {cpus}") : null }.OfType<string>());
                return ($"docker update {options} {names}", token => UpdateAsync(host, target, state, memory, cpus, token));
        }
    }

    private async Task UpdateAsync(IHost host, ServiceTarget target, UnitState state, long? memory, double? cpus, CancellationToken cancellationToken)
    {
        using var docker = new DockerClient(host, target.Unit.DockerEndpoint);
        var body = new Dictionary<string, long>(StringComparer.Ordinal);
        if (memory is > NoLimit)
        {
            // Swap counts on top of memory, and must not be below it; the engine's own default is twice the memory.
            (body["Memory"], body["MemorySwap"]) = (memory.Value, 2 * memory.Value);
        }

        if (cpus is > NoLimit)
        {
            body["NanoCpus"] = (long)(cpus.Value * 1e9);
        }

        foreach (var instance in state.InstanceList)
        {
            await docker.ActAsync(instance.Id, "update", body, timeout, cancellationToken);
        }
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
