namespace OpsRunbook;

/// <summary>The keys of a cache that have the same prefix.</summary>
public sealed class CacheKeyGroup
{
    /// <summary>Pattern that fits the keys of the family: <c>sess:*</c>. <c>(others)</c> holds families beyond the number that is kept apart.</summary>
    public required string Prefix { get; init; }

    /// <summary>Number of keys.</summary>
    public required long Keys { get; init; }

    /// <summary>Their memory, bytes; null when it may not be read.</summary>
    public long? Bytes { get; init; }

    /// <summary>Part of the memory of all keys that were looked at, percent; null when that is not known.</summary>
    public double? Percent { get; init; }

    /// <summary>Keys that never expire; null when that may not be read.</summary>
    public long? NoExpiry { get; init; }

    /// <summary>The largest key of the family; null when sizes may not be read.</summary>
    public string? LargestKey { get; init; }

    /// <summary>Memory of that key, bytes; null when sizes may not be read.</summary>
    public long? LargestBytes { get; init; }

    /// <summary>Number of the database.</summary>
    public required int Database { get; init; }

    /// <summary>Name of the cache in the stack, or its address.</summary>
    public required string Cache { get; init; }

    /// <summary>Every key was looked at. False when the scan broke off: the numbers are of a part only.</summary>
    public bool Complete { get; init; } = true;

    /// <inheritdoc/>
    public override string ToString() => $"{Prefix} ({Keys} keys)";
}
