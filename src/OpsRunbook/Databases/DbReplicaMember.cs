namespace OpsRunbook;

/// <summary>A member of a replica set (MongoDB), as the server that was asked sees it.</summary>
public sealed class DbReplicaMember
{
    /// <summary>Warning or Critical when it is not what a member should be.</summary>
    public required HealthStatus Status { get; init; }

    /// <summary>Its address in the set: <c>host:port</c>.</summary>
    public required string Name { get; init; }

    /// <summary>State in the server's words: <c>PRIMARY</c>, <c>SECONDARY</c>, <c>RECOVERING</c>, <c>(not reachable/healthy)</c>.</summary>
    public required string State { get; init; }

    /// <summary>It is the server that was asked.</summary>
    public bool IsSelf { get; init; }

    /// <summary>How far it is behind the primary; null for the primary, an arbiter, and when there is no primary.</summary>
    public TimeSpan? Lag { get; init; }

    /// <summary>Member from which it copies; null for none.</summary>
    public string? SyncSource { get; init; }

    /// <summary>What the last attempt to reach it said; null for nothing.</summary>
    public string? Message { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Name} {State}";
}
