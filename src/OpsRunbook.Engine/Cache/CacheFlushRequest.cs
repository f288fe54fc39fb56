namespace OpsRunbook.Engine.Cache;

/// <summary>What is to be emptied.</summary>
public sealed record CacheFlushRequest
{
    /// <summary>Every database of the server instead of one.</summary>
    public bool AllDatabases { get; init; }

    /// <summary>Name of the cache as the operator typed it, which a whole server asks for; null for none.</summary>
    public string? TypedName { get; init; }

    /// <summary>How much longer other clients' p99 may become while the content is looked at.</summary>
    public TimeSpan MaxImpact { get; init; } = TimeSpan.FromMilliseconds(1);
}
