namespace OpsRunbook;

/// <summary>A service under the control of a manager, as it is now.</summary>
public sealed class OpsService
{
    /// <summary>The manager's verdict: running well, running badly, down, or not known. Whether it answers is told by <see cref="ServiceHealth"/>.</summary>
    public required HealthStatus Status { get; init; }

    /// <summary>Name in the stack.</summary>
    public required string Name { get; init; }

    /// <summary>What kind of member it is: a service, or a database, cache or web server that a manager runs.</summary>
    public required MemberKind Kind { get; init; }

    /// <summary>What runs it.</summary>
    public required ServiceManagerKind Manager { get; init; }

    /// <summary>Unit, pm2 application, compose service, container or executable.</summary>
    public required string Unit { get; init; }

    /// <summary>Host it runs on: the stack's name for it, or <c>local</c>.</summary>
    public required string Host { get; init; }

    /// <summary>Name of the stack.</summary>
    public required string Stack { get; init; }

    /// <summary>The manager's own words: <c>active (running)</c>, <c>online</c>, <c>exited (137)</c>; or why it is not known.</summary>
    public required string State { get; init; }

    /// <summary>Stable id of the cause when not healthy, such as <c>Service.Masked</c>; null when healthy.</summary>
    public string? Reason { get; init; }

    /// <summary>Start of the present state, UTC; null when not known.</summary>
    public DateTime? Since { get; init; }

    /// <summary>Main process; of several instances the first one's. Null when it does not run or is not known.</summary>
    public int? Pid { get; init; }

    /// <summary>Running instances.</summary>
    public int Instances { get; init; }

    /// <summary>Restarts that the manager counted; null when it does not count.</summary>
    public int? Restarts { get; init; }

    /// <summary>Memory of all its processes, bytes; null when not known.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>CPU use of all its processes while it was measured, percent of one core; null when not known.</summary>
    public double? CpuPercent { get; init; }

    /// <summary>Memory limit of each instance, bytes; null when there is none or it is not known.</summary>
    public long? MemoryLimitBytes { get; init; }

    /// <summary>CPU limit of each instance, cores; null when there is none or it is not known.</summary>
    public double? CpuLimit { get; init; }

    /// <summary>Its processes or containers, one for each instance. Empty when none is known.</summary>
    public IReadOnlyList<ServiceInstance> InstanceList { get; init; } = [];

    /// <summary>What this manager alone knows, by its own names: <c>LoadState</c>, <c>exec_mode</c>, <c>Image</c>.</summary>
    public IReadOnlyDictionary<string, object?> Detail { get; init; } = new Dictionary<string, object?>();

    /// <summary>When it was looked at, UTC.</summary>
    public required DateTime CheckedAt { get; init; }
}
