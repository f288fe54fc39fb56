using System.Buffers;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using System.Text;

namespace OpsRunbook.Engine.Logs.Scanning;

/// <summary>
/// Finds the first of several literals in bytes, in one pass. Each of the first three bytes of the literals is looked up in
/// two tables of 16 entries (low and high half of the byte) whose bits stand for groups of literals; 32 positions are
/// looked up at once, and only where a bit survives all tables are the literals compared.
/// </summary>
internal sealed class LiteralSet
{
    private const int Groups = 8;

    private readonly byte[][] _literals;
    private readonly byte[][][] _groups = new byte[Groups][][];
    private readonly bool _ignoreCase;
    private readonly int _shortest;
    private readonly SearchValues<byte> _firstBytes;
    private readonly Vector256<byte>[] _tables;

    /// <summary>Prepares the search.</summary>
    /// <param name="literals">One or more texts, none empty.</param>
    /// <param name="ignoreCase">ASCII letters fit whatever their case.</param>
    public LiteralSet(IReadOnlyList<string> literals, bool ignoreCase)
    {
        _ignoreCase = ignoreCase && literals.Any(literal => literal.AsSpan().IndexOfAnyInRange('A', 'z') >= 0);
        _literals = literals.Select(literal => Encoding.UTF8.GetBytes(_ignoreCase ? literal.ToLowerInvariant() : literal)).ToArray();
        _shortest = int.MaxValue;
        var firstBytes = new byte[_literals.Length * 2];
        for (var i = 0; i < _literals.Length; i++)
        {
            _shortest = Math.Min(_shortest, _literals[i].Length);
            (firstBytes[i * 2], firstBytes[(i * 2) + 1]) = (_literals[i][0], Upper(_literals[i][0]));
        }

        _firstBytes = SearchValues.Create(firstBytes);
        var order = _literals.OrderBy(literal => Encoding.Latin1.GetString(literal), StringComparer.Ordinal).ToArray();
        for (var group = 0; group < Groups; group++)
        {
            // Neighbours share their first bytes, which keeps the tables sparse.
            _groups[group] = order.Where((_, i) => i * Math.Min(Groups, order.Length) / order.Length == group).ToArray();
        }

        _tables = Tables();
    }

    /// <summary>The texts, in lower case when case does not matter.</summary>
    public IEnumerable<string> Literals => _literals.Select(Encoding.UTF8.GetString);

    /// <summary>Where the first of the literals begins.</summary>
    /// <param name="text">Bytes to search.</param>
    /// <returns>Its position; -1 for none.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int IndexOf(ReadOnlySpan<byte> text)
    {
        if (_literals.Length == 1 && !_ignoreCase)
        {
            return IndexOf(text, _literals[0]);
        }

        var position = 0;
        if (Avx2.IsSupported && text.Length >= Vector256<byte>.Count + 2)
        {
            ref var start = ref MemoryMarshal.GetReference(text);
            var tables = _tables;
            var (low0, high0, low1, high1, low2, high2) = (tables[0], tables[1], tables[2], tables[3], tables[4], tables[5]);
            var half = Vector256.Create((byte)0x0f);
            var last = text.Length - Vector256<byte>.Count - 2;
            while (position <= last)
            {
                var first = Vector256.LoadUnsafe(ref start, (nuint)position);
                var second = Vector256.LoadUnsafe(ref start, (nuint)position + 1);
                var third = Vector256.LoadUnsafe(ref start, (nuint)position + 2);
                var groups = Avx2.Shuffle(low0, first & half) & Avx2.Shuffle(high0, Half(first, half))
                    & Avx2.Shuffle(low1, second & half) & Avx2.Shuffle(high1, Half(second, half))
                    & Avx2.Shuffle(low2, third & half) & Avx2.Shuffle(high2, Half(third, half));
                var candidates = ~Vector256.Equals(groups, Vector256<byte>.Zero).ExtractMostSignificantBits();
                while (candidates != 0)
                {
                    var at = BitOperations.TrailingZeroCount(candidates);
                    if (IsAt(text[(position + at)..], groups.GetElement(at)))
                    {
                        return position + at;
                    }

                    candidates &= candidates - 1;
                }

                position += Vector256<byte>.Count;
            }
        }

        while (position <= text.Length - _shortest)
        {
            var found = text[position..].IndexOfAny(_firstBytes);
            if (found < 0)
            {
                break;
            }

            position += found;
            if (IsAt(text[position..], byte.MaxValue))
            {
                return position;
            }

            position++;
        }

        return -1;
    }

    // The framework's own search is compiled for older processors until the program has run for a while.
    // The first and the last byte of the literal are looked for together, 64 positions at once.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int IndexOf(ReadOnlySpan<byte> text, byte[] literal)
    {
        var position = 0;
        if (Avx2.IsSupported)
        {
            const int Step = 32;
            ref var start = ref MemoryMarshal.GetReference(text);
            ref var end = ref Unsafe.Add(ref start, literal.Length - 1);
            var first = Vector256.Create(literal[0]);
            var last = Vector256.Create(literal[^1]);
            for (; position <= text.Length - literal.Length + 1 - (2 * Step); position += 2 * Step)
            {
                var low = Vector256.Equals(Vector256.LoadUnsafe(ref start, (nuint)position), first) & Vector256.Equals(Vector256.LoadUnsafe(ref end, (nuint)position), last);
                var high = Vector256.Equals(Vector256.LoadUnsafe(ref start, (nuint)position + Step), first) & Vector256.Equals(Vector256.LoadUnsafe(ref end, (nuint)position + Step), last);
                if ((low | high) == Vector256<byte>.Zero)
                {
                    continue;
                }

                var candidates = low.ExtractMostSignificantBits() | ((ulong)high.ExtractMostSignificantBits() << Step);
                for (; candidates != 0; candidates &= candidates - 1)
                {
                    var at = position + BitOperations.TrailingZeroCount(candidates);
                    if (text[at..].StartsWith(literal))
                    {
                        return at;
                    }
                }
            }
        }

        var found = text[position..].IndexOf(literal);
        return found < 0 ? -1 : position + found;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Half(Vector256<byte> bytes, Vector256<byte> half) => Vector256.ShiftRightLogical(bytes.AsUInt16(), 4).AsByte() & half;

    private static byte Lower(byte value) => value is >= (byte)'A' and <= (byte)'Z' ? (byte)(value | 0x20) : value;

    private bool IsAt(ReadOnlySpan<byte> text, byte groups)
    {
        for (var group = 0; group < Groups; group++)
        {
            if ((groups & (1 << group)) == 0)
            {
                continue;
            }

            foreach (var literal in _groups[group])
            {
                if (text.Length >= literal.Length && (_ignoreCase ? EqualsIgnoringCase(text, literal) : text.StartsWith(literal)))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private static bool EqualsIgnoringCase(ReadOnlySpan<byte> text, byte[] lower)
    {
        for (var i = 0; i < lower.Length; i++)
        {
            if (Lower(text[i]) != lower[i])
            {
                return false;
            }
        }

        return true;
    }

    private byte Upper(byte value) => _ignoreCase && value is >= (byte)'a' and <= (byte)'z' ? (byte)(value - 0x20) : value;

    private Vector256<byte>[] Tables()
    {
        var tables = new Vector256<byte>[6];
        for (var index = 0; index < 3; index++)
        {
            var (low, high) = (new byte[32], new byte[32]);
            for (var group = 0; group < Groups; group++)
            {
                foreach (var literal in _groups[group])
                {
                    var bit = (byte)(1 << group);
                    if (index < literal.Length)
                    {
                        Mark(literal[index], bit);
                        Mark(Upper(literal[index]), bit);
                        continue;
                    }

                    // A literal that is shorter fits whatever follows it.
                    for (var half = 0; half < 16; half++)
                    {
                        low[half] |= bit;
                        high[half] |= bit;
                    }
                }
            }

            low.AsSpan(0, 16).CopyTo(low.AsSpan(16));
            high.AsSpan(0, 16).CopyTo(high.AsSpan(16));
            tables[index * 2] = Vector256.Create(low);
            tables[(index * 2) + 1] = Vector256.Create(high);

            void Mark(byte value, byte bit)
            {
                low[value & 15] |= bit;
                high[value >> 4] |= bit;
            }
        }

        return tables;
    }
}
