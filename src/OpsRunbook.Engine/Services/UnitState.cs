namespace OpsRunbook.Engine.Services;

/// <summary>State of a unit as its manager reports it.</summary>
/// <param name="Status">The verdict: running well, running badly (restarting, degraded), down.</param>
/// <param name="State">The manager's own words: <c>active (running)</c>, <c>online</c>, <c>exited (137)</c>.</param>
/// <param name="Pid">Main process; null when not running or not known.</param>
/// <param name="Since">Start of the present state, UTC; null when not known.</param>
/// <param name="Restarts">Restarts that the manager counted; null when it does not count.</param>
/// <param name="MemoryBytes">Memory in bytes; null when not known.</param>
/// <param name="Instances">Running instances of a scaled service; 1 for a single one, 0 when down.</param>
/// <param name="Reason">
/// Stable id of the cause when not healthy: <c>Service.NotFound</c>, <c>Service.Masked</c>, <c>Service.Down</c>, <c>Service.Starting</c>,
/// <c>Service.Restarting</c>, <c>Service.Unhealthy</c>; null when healthy.
/// </param>
public sealed record UnitState(
    HealthStatus Status,
    string State,
    int? Pid = null,
    DateTime? Since = null,
    int? Restarts = null,
    long? MemoryBytes = null,
    int Instances = 1,
    string? Reason = null)
{
    /// <summary>Instances, those that do not run included.</summary>
    public IReadOnlyList<ServiceInstance> InstanceList { get; init; } = [];

    /// <summary>The manager is about to change the state: a job is queued, a container is being stopped.</summary>
    public bool IsChanging { get; init; }

    /// <summary>Control group that holds all its processes; null when it has none of its own or it is not known.</summary>
    public string? ControlGroup { get; init; }

    /// <summary>Limits of each instance; null when not known.</summary>
    public UnitLimits? Limits { get; init; }

    /// <summary>Exit code of the last run that ended; null when none did or when not known.</summary>
    public int? ExitCode { get; init; }

    /// <summary>What the manager alone knows, by its own names.</summary>
    public IReadOnlyDictionary<string, object?> Detail { get; init; } = new Dictionary<string, object?>();
}
