namespace OpsRunbook;

/// <summary>What a container uses, as <c>docker stats</c> computes it. A reading is null when the container does not run.</summary>
public sealed class ContainerStat
{
    /// <summary>
    /// The worse of the container's state and its memory against the stack's memory threshold; memory counts only when the
    /// container has a limit of its own.
    /// </summary>
    public required HealthStatus Status { get; init; }

    /// <summary>The stack's name for the host of the engine, or <c>local</c>.</summary>
    public string Host { get; init; } = "local";

    /// <summary>Name of the container.</summary>
    public required string Name { get; init; }

    /// <summary>Full id.</summary>
    public required string Id { get; init; }

    /// <summary>Image as it was named at the start.</summary>
    public string Image { get; init; } = string.Empty;

    /// <summary>Member of the stack that it belongs to, otherwise its compose service; null for neither.</summary>
    public string? Service { get; init; }

    /// <summary>Compose project; null when compose did not make it.</summary>
    public string? Project { get; init; }

    /// <summary>The state in words: <c>running, healthy</c>, <c>exited (137), out of memory</c>.</summary>
    public required string State { get; init; }

    /// <summary><c>healthy</c>, <c>unhealthy</c> or <c>starting</c>; null when the container has no health check.</summary>
    public string? Health { get; init; }

    /// <summary>CPU use during the engine's sample of about a second, percent of one core: four busy threads use 400.</summary>
    public double? CpuPercent { get; init; }

    /// <summary>CPU limit in cores; null for none.</summary>
    public double? CpuLimit { get; init; }

    /// <summary>Memory in bytes without the page cache that the kernel can take back at once (<c>inactive_file</c>).</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>The container's memory limit in bytes; the machine's memory when it has none, see <see cref="HasMemoryLimit"/>.</summary>
    public long? MemoryLimitBytes { get; init; }

    /// <summary>Memory in percent of <see cref="MemoryLimitBytes"/>.</summary>
    public double? MemoryPercent { get; init; }

    /// <summary>The container has a memory limit of its own.</summary>
    public bool HasMemoryLimit { get; init; }

    /// <summary>Bytes received on all its networks since the start; null on the host's own network.</summary>
    public long? NetworkReceivedBytes { get; init; }

    /// <summary>Bytes sent on all its networks since the start; null on the host's own network.</summary>
    public long? NetworkSentBytes { get; init; }

    /// <summary>Bytes read from block devices since the start; null when the kernel does not count them.</summary>
    public long? BlockReadBytes { get; init; }

    /// <summary>Bytes written to block devices since the start; null when the kernel does not count them.</summary>
    public long? BlockWrittenBytes { get; init; }

    /// <summary>Processes and threads.</summary>
    public long? Pids { get; init; }

    /// <summary>Restarts by the engine's restart policy.</summary>
    public int? Restarts { get; init; }

    /// <summary>Start of the present or last run, UTC; null when it never ran.</summary>
    public DateTime? StartedAt { get; init; }

    /// <summary>When the engine took the readings, UTC.</summary>
    public DateTime? ReadAt { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Name} {State}";
}
