using System.Globalization;
using System.Text.Json;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Services;

/// <summary>Applications of pm2. The instances of one name are judged together.</summary>
public sealed class Pm2Manager : IServiceManager
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private static readonly string[] DetailNames =
    [
        "exec_mode", "exec_interpreter", "pm_exec_path", "pm_cwd", "version", "node_version", "unstable_restarts", "pm_out_log_path", "pm_err_log_path", "watch", "autorestart",
    ];

    /// <inheritdoc/>
    public ServiceManagerKind Kind => ServiceManagerKind.Pm2;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<UnitState>> GetStatesAsync(IHost host, IReadOnlyList<UnitReference> units, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(units);
        var result = await Pm2Shell.RunAsync(host, units.Count == 0 ? null : units[0], "jlist --silent", [], Limit, cancellationToken);
        return result.ExitCode switch
        {
            0 => Judge(host, units, result),
            Pm2Shell.NoDaemon => units.Select(_ => new UnitState(HealthStatus.Critical, "the pm2 daemon does not run", Instances: 0, Reason: "Service.Down")).ToList(),
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
            reason)
        {
            InstanceList = instances
                .Select(instance => new ServiceInstance(
                    instance.Id, instance.Name, instance.Status, instance.Pid, instance.Since, instance.Restarts, instance.Status == "online" ? null : instance.ExitCode))
                .ToList(),
            IsChanging = instances.Exists(instance => instance.Status == "stopping"),
            ExitCode = worst.Restarts > 0 || worst.Status != "online" ? worst.ExitCode : null,
            Limits = new UnitLimits(worst.MemoryLimit),
            Detail = worst.Detail,
        };
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
            process.TryGetProperty("monit", out var monit) ? Number(monit, "memory") : 0,
            $"{Number(process, "pm_id")}",
            environment.TryGetProperty("exit_code", out _) ? (int)Number(environment, "exit_code") : null,
            Number(environment, "max_memory_restart") is var limit and > 0 ? limit : null,
            Details(environment));
    }

    private static Dictionary<string, object?> Details(JsonElement environment) => DetailNames
        .Where(name => environment.TryGetProperty(name, out _))
        .ToDictionary(name => name, name => (object?)environment.GetProperty(name).ToString(), StringComparer.Ordinal);

    private static long Number(JsonElement element, string property) =>
        element.ValueKind == JsonValueKind.Object
        && element.TryGetProperty(property, out var value)
        && long.TryParse(value.ToString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : 0;

    private sealed record Instance(
        string Name,
        string Status,
        int? Pid,
        DateTime? Since,
        int Restarts,
        long MemoryBytes,
        string Id,
        int? ExitCode,
        long? MemoryLimit,
        IReadOnlyDictionary<string, object?> Detail);
}
