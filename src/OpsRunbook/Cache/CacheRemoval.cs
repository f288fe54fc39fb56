namespace OpsRunbook;

/// <summary>What was removed from a cache.</summary>
public sealed class CacheRemoval
{
    /// <summary>Everything that was asked for is gone.</summary>
    public required bool Complete { get; init; }

    /// <summary>What was asked for: a pattern, <c>3 keys</c>, <c>database 0</c>, <c>all databases</c>.</summary>
    public required string Target { get; init; }

    /// <summary>Keys that the server says it has removed.</summary>
    public required long Removed { get; init; }

    /// <summary>Keys that were already gone when their turn came.</summary>
    public long Missing { get; init; }

    /// <summary>Keys that were left because they are protected and came after the question, or because they are no longer what was reviewed.</summary>
    public long Kept { get; init; }

    /// <summary>Keys whose removal was sent and never answered: the connection broke. They may or may not be gone.</summary>
    public long Unknown { get; init; }

    /// <summary>Memory that the keys took, estimated from a sample before they were removed, bytes; null when it is not known.</summary>
    public long? EstimatedBytes { get; init; }

    /// <summary>How long the removal took, without the preview.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>Number of the database; null for all.</summary>
    public int? Database { get; init; }

    /// <summary>Name of the cache in the stack, or its address.</summary>
    public required string Cache { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Removed} keys of {Cache}";
}
