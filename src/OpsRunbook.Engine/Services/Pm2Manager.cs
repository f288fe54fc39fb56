using System.Globalization;
using System.Text;
using System.Text.Json;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Services;

/// <summary>Applications of pm2. The instances of one name are judged together.</summary>
public sealed class Pm2Manager : IServiceManager
{
    private const int NoDaemon = 77;
    private const int NotInstalled = 127;

    // Any pm2 command starts a daemon when none runs, which a look at the state must not do. The pid may
    // have been given to another program since, so the daemon's title is read too where /proc has it.
    private const string List = """
        command -v pm2 >/dev/null 2>&1 || exit 127
        IFS= read -r home
        home=${home:-${PM2_HOME:-$HOME/.pm2}}
        export PM2_HOME="$home"
        pid=$(cat "$home/pm2.pid" 2>/dev/null)
        [ -S "$home/rpc.sock" ] && [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null || exit 77
        if [ -r "/proc/$pid/cmdline" ]; then grep -aq 'God Daemon' "/proc/$pid/cmdline" || exit 77; fi
        exec pm2 jlist --silent
        """;

    // The other user's own environment and PATH; a PM2_HOME of the connecting user is not his.
    private const string AsUser = """
        if [ "$(id -un)" = "$1" ]; then exec sh -c "$2"; fi
        if [ "$(id -u)" = 0 ]; then exec su -s /bin/sh - "$1" -c "$2"; fi
        command -v sudo >/dev/null 2>&1 || { echo "the pm2 of user $1 can only be asked by that user or root, and there is no sudo" >&2; exit 1; }
        exec sudo -n -H -u "$1" -- sh -lc "$2"
        """;

    /// <inheritdoc/>
    public ServiceManagerKind Kind => ServiceManagerKind.Pm2;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<UnitState>> GetStatesAsync(IHost host, IReadOnlyList<UnitReference> units, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(units);
        var user = units.Count == 0 ? null : units[0].User;
        var command = new HostCommand(user is null ? ["sh", "-c", List] : ["sh", "-c", AsUser, "sh", user, List])
        {
            StandardInput = Encoding.UTF8.GetBytes((units.Count == 0 ? null : units[0].Pm2Home) + "\n"),
        };
        CommandResult result;
        try
        {
            result = await host.RunAsync(command, cancellationToken);
        }
        catch (OpsException error) when (error.Id == "Host.CommandNotFound")
        {
            throw ServiceManagers.Unavailable("pm2", host, error.Message, error);
        }

        return result.ExitCode switch
        {
            0 => Judge(host, units, result),
            NoDaemon => units.Select(_ => new UnitState(HealthStatus.Critical, "the pm2 daemon does not run", Instances: 0, Reason: "Service.Down")).ToList(),
            NotInstalled => throw ServiceManagers.Unavailable("pm2", host, "pm2 is not on the PATH of " + (user ?? "the connecting user") + "."),
            _ => throw ServiceManagers.Unavailable("pm2", host, result.Summary),
        };
    }

    private static List<UnitState> Judge(IHost host, IReadOnlyList<UnitReference> units, CommandResult result)
    {
        var instances = Parse(host, result);
        return units.Select(unit => Judge(instances.FindAll(instance => instance.Name == unit.Name))).ToList();
    }

    private static UnitState Judge(List<Instance> instances)
    {
        if (instances.Count == 0)
        {
            return new UnitState(HealthStatus.Critical, "not found", Instances: 0, Reason: "Service.NotFound");
        }

        var online = instances.FindAll(instance => instance.Status == "online");
        var worst = instances.MinBy(instance => Rank(instance.Status))!;
        var state = instances.Count == 1
            ? worst.Status
            : string.Join(", ", instances
                .GroupBy(instance => instance.Status, StringComparer.Ordinal)
                .OrderByDescending(group => Rank(group.Key))
                .Select(group => $"{group.Count()} of {instances.Count} {group.Key}"));
        var reason = worst.Status switch
        {
            "online" => null,
            "launching" or "one-launch-status" => "Service.Starting",
            "waiting restart" => "Service.Restarting",
            _ => online.Count > 0 ? "Service.Unhealthy" : "Service.Down",
        };
        var status = reason is null ? HealthStatus.Healthy
            : online.Count > 0 || reason == "Service.Starting" ? HealthStatus.Warning
            : HealthStatus.Critical;
        return new UnitState(
            status,
            state,
            online.Count > 0 ? online[0].Pid : null,
            instances.Max(instance => instance.Since),
            instances.Sum(instance => instance.Restarts),
            online.Count > 0 ? online.Sum(instance => instance.MemoryBytes) : null,
            online.Count,
            reason);
    }

    private static int Rank(string status) => status switch
    {
        "online" => 4,
        "launching" or "one-launch-status" => 3,
        "waiting restart" => 2,
        "stopping" => 1,
        _ => 0,
    };

    private static List<Instance> Parse(IHost host, CommandResult result) =>
        Pm2List.Read(result.StandardOutput, Read) ?? throw ServiceManagers.Unavailable(
            "pm2",
            host,
            result.Truncated ? "its list is too long." : $"'pm2 jlist' did not print a list but '{result.Summary}'.");

    private static Instance Read(JsonElement process)
    {
        var environment = process.GetProperty("pm2_env");
        var pid = (int)Number(process, "pid");
        var since = Number(environment, "pm_uptime");
        return new Instance(
            process.GetProperty("name").ToString(),
            environment.TryGetProperty("status", out var status) ? status.ToString() : "unknown",
            pid > 0 ? pid : null,
            since > 0 ? DateTime.UnixEpoch.AddMilliseconds(since) : null,
            (int)Number(environment, "restart_time"),
            process.TryGetProperty("monit", out var monit) ? Number(monit, "memory") : 0);
    }

    private static long Number(JsonElement element, string property) =>
        element.ValueKind == JsonValueKind.Object
        && element.TryGetProperty(property, out var value)
        && long.TryParse(value.ToString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : 0;

    private sealed record Instance(string Name, string Status, int? Pid, DateTime? Since, int Restarts, long MemoryBytes);
}
