namespace OpsRunbook.Engine.Cache;

/// <summary>Keeps the largest of many keys, in the memory of a few.</summary>
/// <param name="count">How many are kept.</param>
internal sealed class LargestKeys(int count)
{
    private readonly PriorityQueue<(CacheServer Server, KeyFacts Key), long> _kept = new();

    /// <summary>True when a key of this size would be kept; asked before anything is made for it.</summary>
    /// <param name="bytes">Its size.</param>
    /// <returns>True when it would.</returns>
    public bool Wants(long bytes) => _kept.Count < count || (_kept.TryPeek(out _, out var smallest) && bytes > smallest);

    /// <summary>Keeps a key if it is among the largest. A scan may show a key twice; it is kept once.</summary>
    /// <param name="server">Server that has it.</param>
    /// <param name="key">The key, with its size.</param>
    public void Add(CacheServer server, KeyFacts key)
    {
        var bytes = key.Bytes ?? 0;
        if (!Wants(bytes) || _kept.UnorderedItems.Any(item => item.Element.Key.Key.Span.SequenceEqual(key.Key.Span) && ReferenceEquals(item.Element.Server, server)))
        {
            return;
        }

        if (_kept.Count < count)
        {
            _kept.Enqueue((server, key), bytes);
        }
        else
        {
            _kept.EnqueueDequeue((server, key), bytes);
        }
    }

    /// <summary>The keys, largest first.</summary>
    /// <returns>The keys with their servers.</returns>
    public IReadOnlyList<(CacheServer Server, KeyFacts Key)> Take() =>
        [.. _kept.UnorderedItems.OrderByDescending(item => item.Priority).Select(item => item.Element)];
}
