using OpsRunbook.Engine.Docker;

namespace OpsRunbook.Engine.Services;

/// <summary>What the state of containers says about the service that they are.</summary>
internal static class ContainerStates
{
    /// <summary>Judges the instances of one service together.</summary>
    public static UnitState Judge(IReadOnlyList<DockerContainer> containers)
    {
        if (containers.Count == 0)
        {
            return new UnitState(HealthStatus.Critical, "no container", Instances: 0, Reason: "Service.NotFound");
        }

        var states = containers.Select(Judge).ToList();
        if (states.Count == 1)
        {
            return states[0];
        }

        var well = states.FindAll(state => state.Status == HealthStatus.Healthy);
        var worst = states.MaxBy(state => state.Status)!;
        return worst with
        {
            Status = well.Count > 0 && worst.Status == HealthStatus.Critical ? HealthStatus.Warning : worst.Status,
            State = string.Join(", ", states
                .GroupBy(state => state.State, StringComparer.Ordinal)
                .Select(group => $"{group.Count()} of {states.Count} {group.Key}")),
            Reason = worst.Reason is not null && well.Count > 0 ? "Service.Unhealthy" : worst.Reason,
            Pid = well.Count > 0 ? well[0].Pid : null,
            Since = states.Max(state => state.Since),
            Restarts = states.Sum(state => state.Restarts),
            Instances = states.Sum(state => state.Instances),
            InstanceList = states.SelectMany(state => state.InstanceList).ToList(),
            ExitCode = states.Select(state => state.ExitCode).FirstOrDefault(code => code is not null),
            IsChanging = states.Exists(state => state.IsChanging),
        };
    }

    /// <summary>Judges one container, as an inspection shows it.</summary>
    public static UnitState Judge(DockerContainer container)
    {
        var (status, state, reason) = Verdict(container);
        var runs = container.State is "running" or "paused";
        return new UnitState(
            status,
            state,
            runs ? container.Pid : null,
            runs ? container.StartedAt : container.FinishedAt,
            container.RestartCount,
            MemoryBytes: null,
            Instances: container.State == "running" ? 1 : 0,
            reason)
        {
            InstanceList =
            [
                new ServiceInstance(
                    container.Id, container.Name, container.State, runs ? container.Pid : null, runs ? container.StartedAt : container.FinishedAt, container.RestartCount, container.ExitCode),
            ],
            IsChanging = container.State is "created" or "removing",
            ExitCode = container.ExitCode,
            Limits = new UnitLimits(container.MemoryLimitBytes, container.CpuLimit),
            Detail = Details(container),
        };
    }

    private static Dictionary<string, object?> Details(DockerContainer container)
    {
        var details = new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["Image"] = container.Image,
            ["ImageId"] = container.ImageId,
            ["Health"] = container.Health,
            ["RestartPolicy"] = container.RestartPolicy,
            ["OomKilled"] = container.OomKilled,
            ["Error"] = container.Error,
            ["Project"] = container.ComposeProject,
            ["ComposeFiles"] = container.ComposeFiles,
            ["Ports"] = container.Ports.Where(port => port.HostPort is not null).Select(port => $"{port.HostPort}->{port.ContainerPort}/{port.Protocol}").Distinct(StringComparer.Ordinal).ToArray(),
        };
        return details.Where(pair => pair.Value is not (null or Array { Length: 0 })).ToDictionary(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal);
    }

    private static (HealthStatus Status, string State, string? Reason) Verdict(DockerContainer container) => container.State switch
    {
        "running" when container.Health == "unhealthy" =>
            (HealthStatus.Critical, "running, unhealthy" + Said(container.HealthOutput), "Service.Unhealthy"),
        "running" when container.Health == "starting" => (HealthStatus.Warning, "running, health check starting", "Service.Starting"),
        "running" => (HealthStatus.Healthy, container.Health is null ? "running" : $"running, {container.Health}", null),
        "restarting" => (HealthStatus.Critical, $"restarting after {Exit(container)}", "Service.Restarting"),
        "paused" => (HealthStatus.Critical, "paused", "Service.Unhealthy"),
        "exited" or "dead" => (HealthStatus.Critical, Exit(container), "Service.Down"),
        _ => (HealthStatus.Critical, container.State + Said(container.Error), "Service.Down"),
    };

    private static string Exit(DockerContainer container) =>
        $"exited ({container.ExitCode})" + (container.OomKilled == true ? ", out of memory" : string.Empty) + Said(container.Error);

    private static string Said(string? text) => string.IsNullOrWhiteSpace(text) ? string.Empty : $": {text.Trim().Split('\n')[0].Trim()}";
}
