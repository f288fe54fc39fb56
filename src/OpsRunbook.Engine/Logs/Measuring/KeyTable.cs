namespace OpsRunbook.Engine.Logs.Measuring;

/// <summary>Entries by keys of bytes. Their number is bounded, so that no log can fill the memory. For one thread.</summary>
/// <param name="most">More different keys share one entry.</param>
/// <param name="create">Makes the entry of a key and its hash.</param>
internal sealed class KeyTable<T>(int most, Func<byte[], int, T> create)
    where T : KeyEntry
{
    private static readonly byte[] OthersKey = "\0others"u8.ToArray();

    // The hash stands beside the entry, so that a search seldom touches an entry that is not the one.
    private (int Hash, T? Entry)[] _slots = new (int, T?)[1024];

    /// <summary>The entries in no order.</summary>
    public IEnumerable<T> Entries => _slots.Select(slot => slot.Entry).OfType<T>();

    /// <summary>Number of entries.</summary>
    public int Count { get; private set; }

    /// <summary>What did not find room; null when all did.</summary>
    public T? Others { get; private set; }

    /// <summary>The entry of a key.</summary>
    /// <param name="key">The key.</param>
    /// <param name="isNew">It has been made now.</param>
    /// <returns>The entry; the one for all others when the table is full.</returns>
    public T Get(ReadOnlySpan<byte> key, out bool isNew)
    {
        var hash = HashOf(key);
        var mask = _slots.Length - 1;
        for (var slot = hash & mask; ; slot = (slot + 1) & mask)
        {
            var (found, entry) = _slots[slot];
            if (entry is null)
            {
                return Insert(slot, key, hash, out isNew);
            }

            if (found == hash && key.SequenceEqual(entry.Key))
            {
                isNew = false;
                return entry;
            }
        }
    }

    /// <summary>The entry of a key, if there is one.</summary>
    /// <param name="key">The key.</param>
    /// <returns>Null for none.</returns>
    public T? Find(ReadOnlySpan<byte> key)
    {
        var hash = HashOf(key);
        for (var slot = hash & (_slots.Length - 1); _slots[slot].Entry is { } entry; slot = (slot + 1) & (_slots.Length - 1))
        {
            if (entry.Hash == hash && key.SequenceEqual(entry.Key))
            {
                return entry;
            }
        }

        return null;
    }

    /// <summary>All entries, that of the others last.</summary>
    public IEnumerable<T> All => Others is null ? Entries : Entries.Append(Others);

    /// <summary>Adds what another thread gathered.</summary>
    /// <param name="other">Its table.</param>
    /// <param name="add">Adds its entry to the one of the same key here.</param>
    public void Add(KeyTable<T> other, Action<T, T> add)
    {
        foreach (var entry in other.All)
        {
            add(ReferenceEquals(entry, other.Others) ? Other() : Get(entry.Key, out _), entry);
        }
    }

    // The runtime's own randomised hash: a log cannot be written so that all keys collide.
    private static int HashOf(ReadOnlySpan<byte> key)
    {
        var hash = default(HashCode);
        hash.AddBytes(key);
        return hash.ToHashCode();
    }

    private T Insert(int slot, ReadOnlySpan<byte> key, int hash, out bool isNew)
    {
        isNew = Count < most;
        if (!isNew)
        {
            isNew = Others is null;
            return Other();
        }

        var entry = create(key.ToArray(), hash);
        _slots[slot] = (hash, entry);
        if (++Count * 2 > _slots.Length)
        {
            Grow();
        }

        return entry;
    }

    private T Other() => Others ??= create(OthersKey, 0);

    private void Grow()
    {
        var old = _slots;
        _slots = new (int, T?)[old.Length * 2];
        var mask = _slots.Length - 1;
        foreach (var entry in old.Select(slot => slot.Entry).OfType<T>())
        {
            var slot = entry.Hash & mask;
            while (_slots[slot].Entry is not null)
            {
                slot = (slot + 1) & mask;
            }

            _slots[slot] = (entry.Hash, entry);
        }
    }
}
