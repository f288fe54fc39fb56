using System.Diagnostics;
using System.Globalization;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Logs.Sources;

namespace OpsRunbook.Engine.Services;

/// <summary>Starts and stops processes that nothing supervises.</summary>
public sealed class ProcessControl : IServiceControl
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    // In a session of its own, so that it outlives the connection; its first log takes what it prints.
    private const string StartScript = """
        cd -- "$1" || exit 1
        log=$2
        shift 2
        command -v "$1" >/dev/null 2>&1 || { echo "there is no command $1" >&2; exit 1; }
        [ -z "$log" ] && log=/dev/null
        : >>"$log" || exit 1
        setsid "$@" </dev/null >>"$log" 2>&1 &
        """;

    private static readonly TimeSpan KillAfter = TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    public ServiceManagerKind Kind => ServiceManagerKind.Process;

    /// <inheritdoc/>
    public OpsException? Refuse(ServiceAction action, ServiceTarget target, UnitState state)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(state);
        return action switch
        {
            ServiceAction.Reload => ServiceErrors.Cannot(target, action, "a plain process has no known way to reload.", "Restart it, or let systemd run it."),
            _ when ProcessManager.IsInterpreter(target.Unit.Name) => ServiceErrors.Cannot(
                target,
                action,
                $"'{target.Unit.Name}' is the name of every process of that interpreter, whoever started it.",
                "Give the name of its script, such as server.js, or its pid file as 'unit' in the stack file."),
            ServiceAction.Stop => null,
            _ when target.Service?.Start is not { Count: > 0 } => ServiceErrors.Cannot(
                target, action, "nothing supervises it, and the stack file does not say how it is started.", "Give it 'start: [command, argument…]' in the stack file, or let systemd run it."),
            _ => null,
        };
    }

    /// <inheritdoc/>
    public string Describe(ServiceAction action, ServiceTarget target, UnitState state)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(state);
        var stop = state.Pid is { } pid ? $"kill -TERM {pid}" : "nothing to stop";
        var start = Safety.CommandRedactor.Redact(target.Service?.Start ?? []);
        return action switch
        {
            ServiceAction.Stop => stop,
            ServiceAction.Start => start,
            _ => $"{stop}; {start}",
        };
    }

    /// <inheritdoc/>
    public async Task ActAsync(ServiceAction action, IHost host, ServiceTarget target, UnitState state, TimeSpan limit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(state);
        if (action is not ServiceAction.Start)
        {
            await StopAsync(host, target, state, limit, cancellationToken);
        }

        if (action is not ServiceAction.Stop)
        {
            var service = target.Service!;
            var log = service.Logs.Find(path => path.StartsWith('/') && path.IndexOfAny(['*', '?', '[']) < 0) ?? string.Empty;
            var result = await host.RunAsync(
                new HostCommand(["sh", "-c", StartScript, "sh", service.Directory ?? "/", log, .. service.Start!]) { Timeout = limit }, cancellationToken);
            if (!result.Succeeded)
            {
                throw ServiceErrors.Failed(target, action, result.Summary);
            }
        }
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<string>> ReadLogAsync(IHost host, ServiceTarget target, UnitState state, int lines, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(target);
        return target.Service?.Logs.Find(path => path.StartsWith('/')) is { } log ? await HostFile.LastLinesAsync(host, log, lines, cancellationToken) : [];
    }

    // A pid may be given to another process at any time: it is only signalled while its start is that of the process that was meant.
    private static async Task StopAsync(IHost host, ServiceTarget target, UnitState state, TimeSpan limit, CancellationToken cancellationToken)
    {
        var meant = state.InstanceList.Where(instance => instance.Pid is not null).ToList();
        string? sent = null;
        for (var clock = Stopwatch.StartNew(); ; await Task.Delay(Interval, cancellationToken))
        {
            var alive = (await host.GetProcessesAsync(cancellationToken))
                .Where(process => process.State is not ('Z' or 'X') && meant.Exists(instance => IsSame(instance, process)))
                .ToList();
            if (alive.Count == 0)
            {
                return;
            }

            if (clock.Elapsed > limit)
            {
                throw ServiceErrors.Failed(target, ServiceAction.Stop, $"process {alive[0].Pid} did not end, not even killed.");
            }

            if (sent is null)
            {
                // The oldest one is the master, which ends its children itself; killing is for all that are left.
                sent = "TERM";
                await SignalAsync(host, target, sent, [alive.MinBy(process => (process.StartTime, process.Pid))!], cancellationToken);
            }
            else if (sent == "TERM" && clock.Elapsed > KillAfter)
            {
                sent = "KILL";
                await SignalAsync(host, target, sent, alive, cancellationToken);
            }
        }
    }

    // The kernel counts the start in ticks since the boot, and the moment of the boot is only known to the second.
    private static bool IsSame(ServiceInstance instance, HostProcess process) =>
        instance.Pid == process.Pid && instance.Since is { } since && (since - process.StartTime).Duration() < TimeSpan.FromSeconds(2);

    private static async Task SignalAsync(IHost host, ServiceTarget target, string signal, IReadOnlyList<HostProcess> processes, CancellationToken cancellationToken)
    {
        var pids = processes.Select(process => process.Pid.ToString(CultureInfo.InvariantCulture));
        var result = await host.RunAsync(new HostCommand(["sh", "-c", "s=$1; shift; kill -\"$s\" \"$@\"", "sh", signal, .. pids]), cancellationToken);
        if (!result.Succeeded && HostScripts.IsForbidden(result.StandardError))
        {
            throw ServiceErrors.Forbidden(target, result.Summary);
        }
    }
}
