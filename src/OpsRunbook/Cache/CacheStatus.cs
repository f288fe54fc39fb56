namespace OpsRunbook;

/// <summary>State of a cache server. What could not be read is null, and a check says why.</summary>
public sealed class CacheStatus
{
    /// <summary>The worst of the checks.</summary>
    public required HealthStatus Status { get; init; }

    /// <summary>Name of the cache in the stack, or its address.</summary>
    public required string Cache { get; init; }

    /// <summary>Server, <c>host:port</c>.</summary>
    public required string Node { get; init; }

    /// <summary>The finding that matters most, in one line.</summary>
    public required string Message { get; init; }

    /// <summary>Every finding, with its limits.</summary>
    public required IReadOnlyList<CheckResult> Checks { get; init; }

    /// <summary>Version of the server.</summary>
    public string? Version { get; init; }

    /// <summary><c>master</c> or <c>replica</c>.</summary>
    public string? Role { get; init; }

    /// <summary>Time of one ping.</summary>
    public TimeSpan? Latency { get; init; }

    /// <summary>Time since the server started.</summary>
    public TimeSpan? Uptime { get; init; }

    /// <summary>Memory of the data and of what goes with it, bytes.</summary>
    public long? UsedMemory { get; init; }

    /// <summary>Limit of that memory, bytes; 0 when there is none.</summary>
    public long? MaxMemory { get; init; }

    /// <summary>Used part of the limit, percent; null without a limit.</summary>
    public double? MemoryPercent { get; init; }

    /// <summary>Memory that the process takes of the machine divided by what it uses. Above 1.5 much of it is holes; below 1 it is swapped.</summary>
    public double? Fragmentation { get; init; }

    /// <summary>What happens when the limit is reached: <c>noeviction</c>, <c>allkeys-lru</c>…</summary>
    public string? Policy { get; init; }

    /// <summary>Keys in all databases.</summary>
    public long? Keys { get; init; }

    /// <summary>Keys with an expiry in all databases.</summary>
    public long? ExpiringKeys { get; init; }

    /// <summary>Part of the reads that found their key during the sample, percent; null when nothing was read in it.</summary>
    public double? HitPercent { get; init; }

    /// <summary>Part of the reads that found their key since the server started, percent; null when nothing was ever read.</summary>
    public double? HitPercentSinceStart { get; init; }

    /// <summary>Keys evicted per second during the sample.</summary>
    public double? EvictionsPerSecond { get; init; }

    /// <summary>Keys evicted since the server started.</summary>
    public long? Evictions { get; init; }

    /// <summary>Commands per second during the sample, without those of this command.</summary>
    public double? CommandsPerSecond { get; init; }

    /// <summary>Connected clients.</summary>
    public int? Clients { get; init; }

    /// <summary>Clients that wait in a blocking command.</summary>
    public int? BlockedClients { get; init; }

    /// <summary>How the data is kept over a restart: <c>none</c>, <c>snapshots</c>, <c>append-only file</c>, or both.</summary>
    public string? Persistence { get; init; }

    /// <summary>When the data was last saved whole, UTC; right after a start, the time of the start.</summary>
    public DateTime? LastSave { get; init; }

    /// <summary>Changes since then.</summary>
    public long? UnsavedChanges { get; init; }

    /// <summary>Replicas that are connected; of a replica, its own replicas.</summary>
    public int? Replicas { get; init; }

    /// <summary>Master of a replica, <c>host:port</c>; null for a master.</summary>
    public string? Master { get; init; }

    /// <summary>What the server's own doctor says about its memory; null when it finds nothing or may not be asked.</summary>
    public string? Doctor { get; init; }

    /// <summary>When it was looked at, UTC.</summary>
    public DateTime CheckedAt { get; init; } = DateTime.UtcNow;

    /// <inheritdoc/>
    public override string ToString() => $"{Cache} {Status}: {Message}";
}
