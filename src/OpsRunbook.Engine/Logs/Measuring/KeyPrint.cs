using System.Buffers.Binary;

namespace OpsRunbook.Engine.Logs.Measuring;

/// <summary>What a table looks at before it compares a key. Up to <see cref="Whole"/> bytes it is the key itself.</summary>
/// <param name="First">The first bytes.</param>
/// <param name="Last">The last bytes, which overlap the first in a short key.</param>
/// <param name="Length">Length of the key.</param>
/// <param name="Hash">Hash of all bytes.</param>
internal readonly record struct KeyPrint(ulong First, ulong Last, int Length, int Hash)
{
    /// <summary>Keys of this length and shorter are equal when their prints are.</summary>
    public const int Whole = 16;

    private const ulong Odd = 0x9E3779B97F4A7C15;

    // Different in every process: a log cannot be written so that all keys collide. A GUID is as random as it gets without a library for it.
    private static readonly ulong Seed = BinaryPrimitives.ReadUInt64LittleEndian(Guid.NewGuid().ToByteArray()) | 1;

    /// <summary>The print of a key.</summary>
    /// <param name="key">The key.</param>
    /// <returns>Its print.</returns>
    public static KeyPrint Of(ReadOnlySpan<byte> key)
    {
        var (first, last) = key.Length switch
        {
            >= 8 => (BinaryPrimitives.ReadUInt64LittleEndian(key), BinaryPrimitives.ReadUInt64LittleEndian(key[^8..])),
            >= 4 => (BinaryPrimitives.ReadUInt32LittleEndian(key), BinaryPrimitives.ReadUInt32LittleEndian(key[^4..])),
            > 0 => (key[0] | ((ulong)key[key.Length / 2] << 8), key[^1]),
            _ => (0UL, 0UL),
        };
        var hash = Seed ^ (ulong)key.Length;
        for (var at = 8; at + 8 < key.Length; at += 8)
        {
            hash = Mix(hash ^ BinaryPrimitives.ReadUInt64LittleEndian(key[at..]), Odd);
        }

        hash = Mix(hash ^ first, Seed ^ last);
        return new KeyPrint(first, last, key.Length, (int)(hash ^ (hash >> 32)));
    }

    /// <summary>The key, when it is no longer than <see cref="Whole"/>.</summary>
    /// <returns>Its bytes.</returns>
    public byte[] ToKey()
    {
        var key = new byte[Length];
        switch (Length)
        {
            case >= 8:
                BinaryPrimitives.WriteUInt64LittleEndian(key, First);
                BinaryPrimitives.WriteUInt64LittleEndian(key.AsSpan(Length - 8), Last);
                break;
            case >= 4:
                BinaryPrimitives.WriteUInt32LittleEndian(key, (uint)First);
                BinaryPrimitives.WriteUInt32LittleEndian(key.AsSpan(Length - 4), (uint)Last);
                break;
            case > 0:
                key[Length / 2] = (byte)(First >> 8);
                key[0] = (byte)First;
                key[^1] = (byte)Last;
                break;
            default:
                break;
        }

        return key;
    }

    private static ulong Mix(ulong a, ulong b)
    {
        var high = Math.BigMul(a, b, out var low);
        return high ^ low;
    }
}
