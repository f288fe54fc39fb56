namespace OpsRunbook;

/// <summary>A process with what it uses. Id and start time together name it for other commands.</summary>
public sealed class ProcessUsage
{
    /// <summary>The stack's name for its host, or <c>local</c>.</summary>
    public string Host { get; init; } = "local";

    /// <summary>Process id.</summary>
    public required int Pid { get; init; }

    /// <summary>Short name.</summary>
    public required string Name { get; init; }

    /// <summary>Owner.</summary>
    public required string User { get; init; }

    /// <summary>CPU use during the sample, percent of one core: four busy threads give 400. Null when the process started during the sample.</summary>
    public double? CpuPercent { get; init; }

    /// <summary>CPU time since its start.</summary>
    public required TimeSpan CpuTime { get; init; }

    /// <summary>Resident memory in bytes.</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>Resident memory in percent of the host's or container's memory; null when that is not known.</summary>
    public double? MemoryPercent { get; init; }

    /// <summary>Start, UTC.</summary>
    public required DateTime StartTime { get; init; }

    /// <summary>Service it belongs to: systemd unit, pm2 application, compose service, container; null when nothing supervises it.</summary>
    public string? Service { get; init; }

    /// <summary>What runs that service; null when nothing does.</summary>
    public ServiceManagerKind? Manager { get; init; }

    /// <summary>Command with its arguments; what looks like a secret is replaced by <c>***</c>.</summary>
    public required string Command { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Name} ({Pid})";
}
