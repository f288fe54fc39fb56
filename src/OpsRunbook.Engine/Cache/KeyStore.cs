using System.Buffers.Binary;

namespace OpsRunbook.Engine.Cache;

/// <summary>Remembers keys in little memory, up to a limit. What was counted can then be removed without looking for it again.</summary>
/// <param name="mostBytes">The limit.</param>
internal sealed class KeyStore(int mostBytes)
{
    private const int BlockBytes = 1 << 20;

    private readonly List<(byte[] Bytes, int Used)> _blocks = [];
    private long _total;

    /// <summary>There were too many: nothing is remembered any more.</summary>
    public bool Overflowed { get; private set; }

    /// <summary>Remembers a key.</summary>
    /// <param name="key">The key.</param>
    public void Add(ReadOnlySpan<byte> key)
    {
        var needed = sizeof(int) + key.Length;
        _total += needed;
        if (Overflowed || _total > mostBytes)
        {
            Overflowed = true;
            _blocks.Clear();
            return;
        }

        if (_blocks.Count == 0 || _blocks[^1].Bytes.Length - _blocks[^1].Used < needed)
        {
            _blocks.Add((new byte[Math.Max(BlockBytes, needed)], 0));
        }

        var (bytes, used) = _blocks[^1];
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(used), key.Length);
        key.CopyTo(bytes.AsSpan(used + sizeof(int)));
        _blocks[^1] = (bytes, used + needed);
    }

    /// <summary>The keys, some at a time.</summary>
    /// <param name="size">So many at a time at the most.</param>
    /// <returns>The keys; they lie in the store itself.</returns>
    public IEnumerable<IReadOnlyList<ReadOnlyMemory<byte>>> Chunks(int size)
    {
        foreach (var (bytes, used) in _blocks)
        {
            var chunk = new List<ReadOnlyMemory<byte>>(size);
            for (var at = 0; at < used;)
            {
                var length = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(at));
                chunk.Add(bytes.AsMemory(at + sizeof(int), length));
                at += sizeof(int) + length;
                if (chunk.Count == size || at == used)
                {
                    yield return chunk;
                    chunk = new List<ReadOnlyMemory<byte>>(size);
                }
            }
        }
    }
}
