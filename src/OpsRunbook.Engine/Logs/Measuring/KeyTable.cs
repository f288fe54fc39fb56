namespace OpsRunbook.Engine.Logs.Measuring;

/// <summary>Entries by keys of bytes. Their number is bounded, so that no log can fill the memory. For one thread.</summary>
/// <param name="most">More different keys share one entry.</param>
/// <param name="create">Makes the entry of a key.</param>
internal sealed class KeyTable<T>(int most, Func<byte[], T> create)
    where T : KeyEntry
{
    private static readonly byte[] OthersKey = "\0others"u8.ToArray();

    // The print stands beside the entry, so that a search touches no entry that is not the one, and seldom its key.
    private Slot[] _slots = new Slot[1024];

    /// <summary>The entries in no order.</summary>
    public IEnumerable<T> Entries
    {
        get
        {
            foreach (var slot in _slots)
            {
                if (slot.Entry is { } entry)
                {
                    yield return entry;
                }
            }
        }
    }

    /// <summary>Number of entries.</summary>
    public int Count { get; private set; }

    /// <summary>What did not find room; null when all did.</summary>
    public T? Others { get; private set; }

    /// <summary>All entries, that of the others last.</summary>
    public IEnumerable<T> All => Others is null ? Entries : Entries.Append(Others);

    /// <summary>The entry of a key.</summary>
    /// <param name="key">The key.</param>
    /// <param name="isNew">It has been made now.</param>
    /// <returns>The entry; the one for all others when the table is full.</returns>
    public T Get(ReadOnlySpan<byte> key, out bool isNew) => Get(KeyPrint.Of(key), key, out isNew);

    /// <summary>The entry of a key that is no longer than its print tells.</summary>
    /// <param name="print">Its print.</param>
    /// <returns>The entry; the one for all others when the table is full.</returns>
    public T Get(in KeyPrint print) => Get(print, default, out _);

    private T Get(in KeyPrint print, ReadOnlySpan<byte> key, out bool isNew)
    {
        ref var slot = ref SlotOf(key, print);
        isNew = false;
        if (slot.Entry is { } found)
        {
            return found;
        }

        if (Count >= most)
        {
            isNew = Others is null;
            return Others ??= create(OthersKey);
        }

        isNew = true;
        var entry = create(print.Length <= KeyPrint.Whole ? print.ToKey() : key.ToArray());
        slot = new Slot(print, entry);
        if (++Count * 2 > _slots.Length)
        {
            Grow();
        }

        return entry;
    }

    /// <summary>The entry of a key, if there is one.</summary>
    /// <param name="key">The key.</param>
    /// <returns>Null for none.</returns>
    public T? Find(ReadOnlySpan<byte> key) => SlotOf(key, KeyPrint.Of(key)).Entry;

    /// <summary>Looks at where the entry of a key probably is, so that it is in the core's cache soon.</summary>
    /// <param name="print">Print of the key.</param>
    /// <returns>Whether there is something; of no meaning, but what is not used is not looked at.</returns>
    public bool Touch(in KeyPrint print)
    {
        var slots = _slots;
        return slots[print.Hash & (slots.Length - 1)].Entry is { Key: not null };
    }

    /// <summary>Adds what another thread gathered.</summary>
    /// <param name="other">Its table.</param>
    /// <param name="add">Adds its entry to the one of the same key here.</param>
    public void Add(KeyTable<T> other, Action<T, T> add)
    {
        foreach (var entry in other.Entries)
        {
            add(Get(entry.Key, out _), entry);
        }

        if (other.Others is { } others)
        {
            add(Others ??= create(OthersKey), others);
        }
    }

    // Where the key is, or where it would be.
    private ref Slot SlotOf(ReadOnlySpan<byte> key, in KeyPrint print)
    {
        var slots = _slots;
        for (var at = print.Hash & (slots.Length - 1); ; at = (at + 1) & (slots.Length - 1))
        {
            ref var slot = ref slots[at];
            if (slot.Entry is null || (slot.Print.Hash == print.Hash && slot.Print.First == print.First && slot.Print.Last == print.Last && slot.Print.Length == print.Length
                && (print.Length <= KeyPrint.Whole || key.SequenceEqual(slot.Entry.Key))))
            {
                return ref slot;
            }
        }
    }

    private void Grow()
    {
        var old = _slots;
        _slots = new Slot[old.Length * 2];
        foreach (var slot in old)
        {
            if (slot.Entry is { } entry)
            {
                SlotOf(entry.Key, slot.Print) = slot;
            }
        }
    }

    private readonly record struct Slot(KeyPrint Print, T? Entry);
}
