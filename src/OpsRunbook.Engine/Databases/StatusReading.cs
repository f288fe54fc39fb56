namespace OpsRunbook.Engine.Databases;

/// <summary>State of a server as it says it. The meaning is that of <see cref="DbStatus"/>.</summary>
internal sealed record StatusReading
{
    public required string Version { get; init; }

    public string? Catalog { get; init; }

    public long? Size { get; init; }

    public int? Connections { get; init; }

    public int? MaximumConnections { get; init; }

    public int? Active { get; init; }

    public int? IdleInTransaction { get; init; }

    public TimeSpan? LongestIdleInTransaction { get; init; }

    public TimeSpan? OldestTransaction { get; init; }

    /// <summary>Pages found in the cache.</summary>
    public double CacheHits { get; init; }

    /// <summary>Pages read from outside it.</summary>
    public double CacheMisses { get; init; }

    public long? Deadlocks { get; init; }

    public TimeSpan? Uptime { get; init; }

    public required string Role { get; init; }

    public TimeSpan? Lag { get; init; }

    public int? Replicas { get; init; }

    /// <summary>Why this replica receives nothing; null when it does, or is none.</summary>
    public string? ReplicationBroken { get; init; }

    /// <summary>Members of its replica set; none where there is none.</summary>
    public IReadOnlyList<DbReplicaMember> Members { get; init; } = [];

    /// <summary>Age of the oldest transaction number, of the two billion that there are; null where the engine has none.</summary>
    public long? TransactionNumberAge { get; init; }

    /// <summary>What could not be read, and why; null when all could.</summary>
    public string? Restriction { get; init; }
}
