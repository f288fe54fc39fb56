namespace OpsRunbook;

/// <summary>A key of a cache. Carries where it was seen, so that it can be given to <c>Remove-CacheKey</c>.</summary>
public sealed class CacheKey
{
    /// <summary>The key as text. Bytes that are no UTF-8 are shown as <c>\xff</c>; then <see cref="KeyBase64"/> has the exact key.</summary>
    public required string Key { get; init; }

    /// <summary>The exact bytes of a key that is no text; null when <see cref="Key"/> is exact.</summary>
    public string? KeyBase64 { get; init; }

    /// <summary>Type as the server names it: <c>string</c>, <c>hash</c>, <c>list</c>, <c>set</c>, <c>zset</c>, <c>stream</c>; null when it may not be read.</summary>
    public string? Type { get; init; }

    /// <summary>Memory of key and value, bytes. Of a collection the server estimates it from a few elements. Null when it may not be read.</summary>
    public long? Bytes { get; init; }

    /// <summary>
    /// Elements of a collection; null for a string, when it may not be read, and when counting them would
    /// make a key that has long been idle look used (servers before version 7.2).
    /// </summary>
    public long? Elements { get; init; }

    /// <summary>Time until it expires; null when it never does, or when that may not be read.</summary>
    public TimeSpan? TimeToLive { get; init; }

    /// <summary>Time since it was last used; null when the server does not keep it (LFU policies) or when it may not be read.</summary>
    public TimeSpan? Idle { get; init; }

    /// <summary>Number of the database.</summary>
    public required int Database { get; init; }

    /// <summary>Name of the cache in the stack, or its address.</summary>
    public required string Cache { get; init; }

    /// <summary>Server that has the key, <c>host:port</c>.</summary>
    public required string Node { get; init; }

    /// <summary>Every key was looked at. False when the scan broke off: there may be others, and larger ones.</summary>
    public bool Complete { get; init; } = true;

    /// <inheritdoc/>
    public override string ToString() => Key;
}
