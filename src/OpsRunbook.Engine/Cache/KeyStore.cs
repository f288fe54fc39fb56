using System.Buffers.Binary;

namespace OpsRunbook.Engine.Cache;

/// <summary>Remembers keys in little memory, up to a limit. What was counted can then be removed without looking for it again.</summary>
/// <param name="mostBytes">The limit.</param>
internal sealed class KeyStore(int mostBytes)
{
    private byte[] _bytes = [];
    private int _used;

    /// <summary>There were too many: nothing is remembered any more.</summary>
    public bool Overflowed { get; private set; }

    /// <summary>Remembers a key.</summary>
    /// <param name="key">The key.</param>
    public void Add(ReadOnlySpan<byte> key)
    {
        var needed = _used + sizeof(int) + key.Length;
        if (Overflowed || needed > mostBytes)
        {
            (Overflowed, _bytes, _used) = (true, [], 0);
            return;
        }

        if (needed > _bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Min(mostBytes, Math.Max(needed, _bytes.Length * 2)));
        }

        BinaryPrimitives.WriteInt32LittleEndian(_bytes.AsSpan(_used), key.Length);
        key.CopyTo(_bytes.AsSpan(_used + sizeof(int)));
        _used = needed;
    }

    /// <summary>The keys, some at a time.</summary>
    /// <param name="size">So many at a time.</param>
    /// <returns>The keys; they lie in the store itself.</returns>
    public IEnumerable<IReadOnlyList<ReadOnlyMemory<byte>>> Chunks(int size)
    {
        var chunk = new List<ReadOnlyMemory<byte>>(size);
        for (var at = 0; at < _used;)
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(_bytes.AsSpan(at));
            chunk.Add(_bytes.AsMemory(at + sizeof(int), length));
            at += sizeof(int) + length;
            if (chunk.Count == size || at == _used)
            {
                yield return chunk;
                chunk = new List<ReadOnlyMemory<byte>>(size);
            }
        }
    }
}
