namespace OpsRunbook;

/// <summary>State of a database server. What could not be read is null.</summary>
public sealed class DbStatus
{
    /// <summary>The worst of the checks.</summary>
    public required HealthStatus Status { get; init; }

    /// <summary>Name of the database in the stack, or its address.</summary>
    public required string Database { get; init; }

    /// <summary>Kind of server.</summary>
    public required DatabaseEngine Engine { get; init; }

    /// <summary>The finding that matters most, in one line.</summary>
    public required string Message { get; init; }

    /// <summary>Every finding, with its limits.</summary>
    public required IReadOnlyList<CheckResult> Checks { get; init; }

    /// <summary>Server: <c>host:port</c>, or the path of a socket.</summary>
    public required string Server { get; init; }

    /// <summary>Version of the server.</summary>
    public string? Version { get; init; }

    /// <summary>Database of the server that was looked at.</summary>
    public string? Catalog { get; init; }

    /// <summary>Size of that database with its indexes, bytes.</summary>
    public long? Size { get; init; }

    /// <summary>Connections of clients to the whole server.</summary>
    public int? Connections { get; init; }

    /// <summary>Connections that the server takes at most.</summary>
    public int? MaximumConnections { get; init; }

    /// <summary>Connections in use, percent of <see cref="MaximumConnections"/>.</summary>
    public double? ConnectionPercent { get; init; }

    /// <summary>Sessions that run a statement, without our own.</summary>
    public int? Active { get; init; }

    /// <summary>Sessions that wait for their client in the middle of a transaction.</summary>
    public int? IdleInTransaction { get; init; }

    /// <summary>Age of the oldest open transaction of a client.</summary>
    public TimeSpan? OldestTransaction { get; init; }

    /// <summary>Part of the pages that were found in the server's cache since its figures were reset, percent; null when none was read.</summary>
    public double? CacheHitPercent { get; init; }

    /// <summary>Transactions ended by a deadlock since the figures were reset.</summary>
    public long? Deadlocks { get; init; }

    /// <summary>Time since the server started.</summary>
    public TimeSpan? Uptime { get; init; }

    /// <summary><c>primary</c>, <c>replica</c>, or <c>single</c> where nothing replicates; of MongoDB also <c>arbiter</c> and <c>router</c>, or a state between these.</summary>
    public string? Role { get; init; }

    /// <summary>How far this replica is behind, or the farthest replica of this primary; null where nothing replicates, or it is not known.</summary>
    public TimeSpan? Lag { get; init; }

    /// <summary>Replicas that are connected to this server.</summary>
    public int? Replicas { get; init; }

    /// <summary>Members of its replica set with state and lag (MongoDB); none for other engines, and without a set.</summary>
    public IReadOnlyList<DbReplicaMember> Members { get; init; } = [];

    /// <summary>From the beginning of the connection to the last answer.</summary>
    public TimeSpan? Latency { get; init; }

    /// <summary>When it was looked at, UTC.</summary>
    public DateTime CheckedAt { get; init; } = DateTime.UtcNow;

    /// <inheritdoc/>
    public override string ToString() => $"{Database} {Status}: {Message}";
}
