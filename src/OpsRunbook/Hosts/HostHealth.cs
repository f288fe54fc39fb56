namespace OpsRunbook;

/// <summary>The health of a machine or container at one moment. A reading is null when it could not be made; a finding says why.</summary>
public sealed class HostHealth
{
    /// <summary>The worst status of <see cref="Findings"/>.</summary>
    public required HealthStatus Status { get; init; }

    /// <summary>The stack's name for the host, or <c>local</c>.</summary>
    public required string Host { get; init; }

    /// <summary>One line: the worst finding, or the readings when all is well.</summary>
    public required string Message { get; init; }

    /// <summary>CPU use during the sample, percent of all cores; 0 to 100.</summary>
    public double? CpuPercent { get; init; }

    /// <summary>Number of cores; under a container's CPU limit that limit, which may be a fraction.</summary>
    public double? Cores { get; init; }

    /// <summary>Average number of processes that ran or wanted to, over one minute. Null in a container, whose kernel shows the machine's.</summary>
    public double? Load1 { get; init; }

    /// <summary>The same over five minutes.</summary>
    public double? Load5 { get; init; }

    /// <summary>The same over fifteen minutes.</summary>
    public double? Load15 { get; init; }

    /// <summary>Memory in bytes; under a container's memory limit that limit.</summary>
    public long? MemoryTotalBytes { get; init; }

    /// <summary>Memory that programs can still get without swapping, in bytes.</summary>
    public long? MemoryAvailableBytes { get; init; }

    /// <summary>The rest of the memory in percent; caches that can be given up do not count as used.</summary>
    public double? MemoryUsedPercent { get; init; }

    /// <summary>Swap space in bytes; 0 for none.</summary>
    public long? SwapTotalBytes { get; init; }

    /// <summary>Used swap in percent; 0 when there is none.</summary>
    public double? SwapUsedPercent { get; init; }

    /// <summary>Time since the start of the machine, or of the container.</summary>
    public TimeSpan? Uptime { get; init; }

    /// <summary>Start of the machine or container, UTC.</summary>
    public DateTime? BootTime { get; init; }

    /// <summary>Processes that the kernel ended for want of memory since the start.</summary>
    public long? OomKills { get; init; }

    /// <summary>Such processes in the last 24 hours, as far as the kernel's log goes back.</summary>
    public long? OomKillsLastDay { get; init; }

    /// <summary>File systems.</summary>
    public IReadOnlyList<MountHealth> Mounts { get; init; } = [];

    /// <summary>Every check that was made, with its readings and limits.</summary>
    public IReadOnlyList<CheckResult> Findings { get; init; } = [];

    /// <summary>When the last reading ended, UTC.</summary>
    public DateTime CheckedAt { get; init; } = DateTime.UtcNow;

    /// <inheritdoc/>
    public override string ToString() => $"{Host} {Status}: {Message}";
}
