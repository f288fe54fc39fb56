namespace OpsRunbook.Engine.Logs.Measuring;

/// <summary>Counts by keys of bytes. The number of keys is bounded, so that no log can fill the memory. For one thread.</summary>
internal sealed class MeasureTable
{
    /// <summary>More different keys are counted together.</summary>
    public const int Most = 50_000;

    /// <summary>Key of what did not find room.</summary>
    public static readonly byte[] OthersKey = "\0others"u8.ToArray();

    private MeasureEntry?[] _slots = new MeasureEntry?[1024];

    /// <summary>The entries in no order.</summary>
    public IEnumerable<MeasureEntry> Entries => _slots.OfType<MeasureEntry>();

    /// <summary>Number of entries.</summary>
    public int Count { get; private set; }

    /// <summary>What did not find room; null when all did.</summary>
    public MeasureEntry? Others { get; private set; }

    /// <summary>The entry of a key.</summary>
    /// <param name="key">The key.</param>
    /// <param name="isNew">It has been made now.</param>
    /// <returns>The entry; the one for all others when the table is full.</returns>
    public MeasureEntry Get(ReadOnlySpan<byte> key, out bool isNew)
    {
        var hash = HashOf(key);
        var mask = _slots.Length - 1;
        for (var slot = hash & mask; ; slot = (slot + 1) & mask)
        {
            var entry = _slots[slot];
            if (entry is null)
            {
                return Insert(slot, key, hash, out isNew);
            }

            if (entry.Hash == hash && key.SequenceEqual(entry.Key))
            {
                isNew = false;
                return entry;
            }
        }
    }

    /// <summary>The entry of a key, if there is one.</summary>
    /// <param name="key">The key.</param>
    /// <returns>Null for none.</returns>
    public MeasureEntry? Find(ReadOnlySpan<byte> key)
    {
        var hash = HashOf(key);
        for (var slot = hash & (_slots.Length - 1); _slots[slot] is { } entry; slot = (slot + 1) & (_slots.Length - 1))
        {
            if (entry.Hash == hash && key.SequenceEqual(entry.Key))
            {
                return entry;
            }
        }

        return null;
    }

    /// <summary>Adds what another thread counted.</summary>
    /// <param name="other">Its table.</param>
    public void Add(MeasureTable other)
    {
        foreach (var entry in other.Entries.Concat(other.Others is null ? [] : [other.Others]))
        {
            var mine = ReferenceEquals(entry, other.Others) ? Other() : Get(entry.Key, out _);
            if (mine.Count == 0)
            {
                mine.Example = entry.Example;
            }

            mine.Add(entry);
        }
    }

    // The runtime's own randomised hash: a log cannot be written so that all keys collide.
    private static int HashOf(ReadOnlySpan<byte> key)
    {
        var hash = default(HashCode);
        hash.AddBytes(key);
        return hash.ToHashCode();
    }

    private MeasureEntry Insert(int slot, ReadOnlySpan<byte> key, int hash, out bool isNew)
    {
        isNew = Count < Most;
        if (!isNew)
        {
            isNew = Others is null;
            return Other();
        }

        var entry = new MeasureEntry(key.ToArray(), hash);
        _slots[slot] = entry;
        if (++Count * 2 > _slots.Length)
        {
            Grow();
        }

        return entry;
    }

    private MeasureEntry Other() => Others ??= new MeasureEntry(OthersKey, 0);

    private void Grow()
    {
        var old = _slots;
        _slots = new MeasureEntry?[old.Length * 2];
        var mask = _slots.Length - 1;
        foreach (var entry in old.OfType<MeasureEntry>())
        {
            var slot = entry.Hash & mask;
            while (_slots[slot] is not null)
            {
                slot = (slot + 1) & mask;
            }

            _slots[slot] = entry;
        }
    }
}
