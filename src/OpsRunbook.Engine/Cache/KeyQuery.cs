namespace OpsRunbook.Engine.Cache;

/// <summary>Which keys of a cache are wanted.</summary>
public sealed record KeyQuery
{
    /// <summary>Pattern as Redis matches it; null for all keys.</summary>
    public string? Pattern { get; init; }

    /// <summary>Type as the server names it; null for all.</summary>
    public string? Type { get; init; }

    /// <summary>Only so many, the largest first; null for all, in the server's order.</summary>
    public int? Largest { get; init; }

    /// <summary>Only keys that take at least so many bytes.</summary>
    public long? MinSize { get; init; }

    /// <summary>Only keys that have not been used for so long.</summary>
    public TimeSpan? IdleFor { get; init; }

    /// <summary>Only keys that never expire.</summary>
    public bool NoExpiry { get; init; }

    /// <summary>Families instead of keys.</summary>
    public bool ByPrefix { get; init; }

    /// <summary>What ends the prefix of a key.</summary>
    public string Delimiter { get; init; } = ":";

    /// <summary>Read from a replica.</summary>
    public bool FromReplica { get; init; }

    /// <summary>How much longer other clients' p99 may become.</summary>
    public TimeSpan MaxImpact { get; init; } = TimeSpan.FromMilliseconds(1);
}
