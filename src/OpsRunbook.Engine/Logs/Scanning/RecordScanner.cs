using System.Runtime.CompilerServices;

namespace OpsRunbook.Engine.Logs.Scanning;

/// <summary>
/// Finds records in a part of a log, in a buffer that stays small whatever the log is. It gives the records that
/// begin in the part, so several scanners share a log without a gap. With literals, only records that hold one are given,
/// and nothing else of the log is looked at more closely than by the search for them. For one thread.
/// </summary>
/// <param name="format">Tells where records begin.</param>
/// <param name="prefilter">Literals; null for every record.</param>
/// <param name="bufferBytes">Length of the buffer; it grows with a record that does not fit.</param>
internal sealed class RecordScanner(Formats.LogFormat format, LiteralSet? prefilter, int bufferBytes = RecordScanner.UsualBuffer)
{
    /// <summary>A longer record is cut.</summary>
    public const int LongestRecord = 1024 * 1024;

    // Small enough for the cache of a core, where the search then finds what was just read.
    private const int UsualBuffer = 256 * 1024;
    private const int Overshoot = 16 * 1024;

    private byte[] _buffer = GC.AllocateUninitializedArray<byte>(bufferBytes);
    private long _counted;
    private long _lines;

    /// <summary>Line ends that were counted in the part, when the visitor counts lines.</summary>
    public long Lines => _lines;

    /// <summary>Scans a part.</summary>
    /// <param name="reader">The log.</param>
    /// <param name="start">Where the part begins; need not be the beginning of a line.</param>
    /// <param name="end">Where it ends; a record that began before is given whole.</param>
    /// <param name="visitor">Takes the records.</param>
    /// <param name="cancellationToken">Ends the scan.</param>
    public void Scan<TVisitor>(IByteReader reader, long start, long end, TVisitor visitor, CancellationToken cancellationToken)
        where TVisitor : IRecordVisitor
    {
        // With the byte before, a line that begins exactly at the start is recognised.
        var origin = Math.Max(0, start - 1);
        var (length, isAligned) = (0, start == 0);
        (_counted, _lines) = (start, 0);
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var position = origin + length;
            var room = (int)Math.Min(_buffer.Length - length, Math.Max(0, end - position) + Overshoot);
            var read = reader.Read(_buffer.AsSpan(length, room), position);
            var isEnd = read == 0;
            length += read;
            var text = _buffer.AsSpan(0, length);
            if (origin == 0 && isAligned && text is [0xEF, 0xBB, 0xBF, ..])
            {
                // Not part of the text.
                text[..3].Clear();
            }

            var first = 0;
            if (!isAligned)
            {
                first = RecordStart(text, 0, isEnd, out var resume);
                if (first < 0)
                {
                    if (isEnd || origin + resume >= end)
                    {
                        Count(visitor, text, origin, Math.Min(end, origin + length));
                        return;
                    }

                    Count(visitor, text, origin, Math.Min(end, origin + resume));
                    Keep(text, resume, ref origin, ref length);
                    continue;
                }

                if (origin + first >= end)
                {
                    Count(visitor, text, origin, end);
                    return;
                }

                isAligned = true;
            }

            var boundary = Boundary(text, first, origin, end, isEnd, out var isLast);
            if (boundary > first)
            {
                Visit(visitor, text[..boundary], first, origin);
            }

            if (isLast)
            {
                Count(visitor, text, origin, Math.Min(end, origin + length));
                return;
            }

            if (boundary > first)
            {
                Count(visitor, text, origin, Math.Min(end, origin + boundary));
                Keep(text, boundary, ref origin, ref length);
            }
            else if (length - first >= LongestRecord)
            {
                Visit(visitor, text.Slice(first, LongestRecord), origin + first, CountTo(visitor, text, origin, first), isCut: true);
                Count(visitor, text, origin, Math.Min(end, origin + length - 1));
                Keep(text, length - 1, ref origin, ref length);
                isAligned = false;
            }
            else if (first > 0)
            {
                Count(visitor, text, origin, Math.Min(end, origin + first));
                Keep(text, first, ref origin, ref length);
            }
            else if (length == _buffer.Length)
            {
                Array.Resize(ref _buffer, Math.Min(_buffer.Length * 2, LongestRecord + UsualBuffer));
            }
        }
    }

    // Up to where all records are whole, and whether that is the end of the part.
    private int Boundary(ReadOnlySpan<byte> text, int first, long origin, long end, bool isEnd, out bool isLast)
    {
        isLast = true;
        if (origin + text.Length >= end && format.IsSplittable)
        {
            var next = RecordStart(text, (int)Math.Max(first, end - origin - 1), isEnd, out _);
            if (next >= 0)
            {
                return next;
            }
        }

        isLast = isEnd;
        return isEnd ? text.Length : first + format.LastRecordStart(text[first..]);
    }

    // The first record that begins behind a line end at or after a place; else -1 and from where to look again.
    private int RecordStart(ReadOnlySpan<byte> text, int from, bool isEnd, out int resume)
    {
        resume = Math.Max(0, text.Length - 1);
        for (var at = from; at < text.Length;)
        {
            var found = text[at..].IndexOf((byte)'\n');
            if (found < 0)
            {
                return -1;
            }

            at += found;
            resume = at;
            var line = at + 1;
            if (line >= text.Length || (!isEnd && text[line..].IndexOf((byte)'\n') < 0 && text.Length - line < Overshoot))
            {
                return -1;
            }

            if (format.StartsRecordAt(text, line))
            {
                return line;
            }

            at = line;
        }

        return -1;
    }

    private void Visit<TVisitor>(TVisitor visitor, ReadOnlySpan<byte> text, int first, long origin)
        where TVisitor : IRecordVisitor
    {
        for (var at = first; at < text.Length;)
        {
            if (prefilter is not null && format.IsSplittable)
            {
                var hit = prefilter.IndexOf(text[at..]);
                if (hit < 0)
                {
                    return;
                }

                at = StartBefore(text, at, at + hit);
            }

            var length = format.RecordLength(text[at..]);
            Visit(visitor, text.Slice(at, length), origin + at, visitor.CountsLines ? CountTo(visitor, text, origin, at) : 0, isCut: false);
            at += length;
        }
    }

    // The beginning of the record that a place is in.
    private int StartBefore(ReadOnlySpan<byte> text, int first, int place)
    {
        while (true)
        {
            var line = first + text[first..place].LastIndexOf((byte)'\n') + 1;
            if (line <= first || format.StartsRecordAt(text, line))
            {
                return line;
            }

            place = line - 1;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Visit<TVisitor>(TVisitor visitor, ReadOnlySpan<byte> record, long offset, long line, bool isCut)
        where TVisitor : IRecordVisitor
    {
        var end = record.Length;
        while (end > 0 && record[end - 1] is (byte)'\n' or (byte)'\r')
        {
            end--;
        }

        record = record[..end];
        var start = record.Length > 0 && record[0] == 0 ? record.IndexOfAnyExcept((byte)0) : 0;
        if (start >= 0 && start < record.Length)
        {
            visitor.Visit(record[start..], offset + start, line, isCut);
        }
    }

    private long CountTo<TVisitor>(TVisitor visitor, ReadOnlySpan<byte> text, long origin, int place)
        where TVisitor : IRecordVisitor
    {
        Count(visitor, text, origin, origin + place);
        return _lines;
    }

    private void Count<TVisitor>(TVisitor visitor, ReadOnlySpan<byte> text, long origin, long until)
        where TVisitor : IRecordVisitor
    {
        if (visitor.CountsLines && until > _counted)
        {
            _lines += text[(int)(_counted - origin)..(int)(until - origin)].Count((byte)'\n');
            _counted = until;
        }
    }

    private static void Keep(Span<byte> text, int from, ref long origin, ref int length)
    {
        text[from..].CopyTo(text);
        origin += from;
        length -= from;
    }
}
