namespace OpsRunbook;

/// <summary>Kinds of cache server.</summary>
public enum CacheEngine
{
    /// <summary>Redis, or a server that speaks its protocol.</summary>
    Redis,
}
