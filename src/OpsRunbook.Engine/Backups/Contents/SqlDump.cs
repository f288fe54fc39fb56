using System.Text;

namespace OpsRunbook.Engine.Backups;

/// <summary>Reads dumps that are SQL. What was cut off is found by the line that the program writes last; a changed letter is not.</summary>
internal static class SqlDump
{
    private const int HeadBytes = 4096;
    private const int TailBytes = 4096;

    private static readonly byte[] CopyBegin = "COPY "u8.ToArray();
    private static readonly byte[] CopyEnd = " FROM stdin;"u8.ToArray();

    /// <summary>Reads a whole dump and looks whether it is complete.</summary>
    /// <param name="stream">The dump, decompressed.</param>
    /// <param name="name">What it is called in messages.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>What wrote it.</returns>
    /// <exception cref="OpsException"><c>Backup.Incomplete</c>, <c>Backup.FormatUnknown</c>.</exception>
    public static async Task<SqlDumpKind> CheckAsync(Stream stream, string name, CancellationToken cancellationToken)
    {
        var reader = new Reader(stream, name);
        var buffer = new byte[256 * 1024];
        while (await reader.ReadAsync(buffer, cancellationToken) > 0)
        {
            // Only for its end.
        }

        return reader.RequireComplete();
    }

    /// <summary>What wrote a dump, by its first lines.</summary>
    /// <param name="head">Its first bytes.</param>
    /// <returns>Null for what is not known.</returns>
    public static SqlDumpKind? KindOf(ReadOnlySpan<byte> head)
    {
        var text = Encoding.Latin1.GetString(head[..Math.Min(head.Length, HeadBytes)]);
        foreach (var line in text.Split('\n').Take(12))
        {
            if (line.StartsWith("-- PostgreSQL database cluster dump", StringComparison.Ordinal))
            {
                return SqlDumpKind.PostgreSqlCluster;
            }

            if (line.StartsWith("-- PostgreSQL database dump", StringComparison.Ordinal))
            {
                return SqlDumpKind.PostgreSql;
            }

            if (line.StartsWith("-- MariaDB dump ", StringComparison.Ordinal) || line.StartsWith("-- MySQL dump ", StringComparison.Ordinal))
            {
                return SqlDumpKind.MySql;
            }
        }

        return null;
    }

    private static string EndOf(SqlDumpKind kind) => kind switch
    {
        SqlDumpKind.PostgreSql => "-- PostgreSQL database dump complete",
        SqlDumpKind.PostgreSqlCluster => "-- PostgreSQL database cluster dump complete",
        _ => "-- Dump completed",
    };

    // What pg_dump writes behind its last line.
    private static bool IsAfterEnd(string line) => line is "" or "--" || line.StartsWith(@"\unrestrict ", StringComparison.Ordinal);

    /// <summary>Reads a dump for somebody who wants its bytes, and looks on the way whether it is complete.</summary>
    /// <param name="stream">The dump, decompressed.</param>
    /// <param name="name">What it is called in messages.</param>
    public sealed class Reader(Stream stream, string name)
    {
        private readonly LineEnds _lines = new();
        private readonly byte[] _head = new byte[HeadBytes];
        private int _headCount;

        /// <summary>Reads some bytes.</summary>
        /// <param name="buffer">Takes them.</param>
        /// <param name="cancellationToken">Ends the reading.</param>
        /// <returns>Number of bytes; 0 at the end.</returns>
        public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
        {
            var count = await stream.ReadAsync(buffer, cancellationToken);
            var wanted = Math.Min(count, _head.Length - _headCount);
            buffer[..wanted].CopyTo(_head.AsMemory(_headCount));
            _headCount += wanted;
            _lines.Append(buffer.Span[..count]);
            return count;
        }

        /// <summary>Says what wrote the dump, or that its end is missing.</summary>
        /// <returns>What wrote it.</returns>
        /// <exception cref="OpsException"><c>Backup.Incomplete</c>, <c>Backup.FormatUnknown</c>.</exception>
        public SqlDumpKind RequireComplete()
        {
            _lines.End();
            if (KindOf(_head.AsSpan(0, _headCount)) is not { } kind)
            {
                throw DumpErrors.FormatUnknown(name);
            }

            var last = Encoding.UTF8.GetString(_lines.Tail).Split('\n').Select(line => line.TrimEnd('\r', ' ')).LastOrDefault(line => !IsAfterEnd(line)) ?? string.Empty;
            var wanted = EndOf(kind);
            return _lines.IsInCopy || !(last == wanted || (kind == SqlDumpKind.MySql && last.StartsWith(wanted + " on ", StringComparison.Ordinal)))
                ? throw DumpErrors.Incomplete(name, $"its last line '{wanted}' is missing.")
                : kind;
        }
    }

    /// <summary>Follows the lines as far as they say whether the end is within the rows of a table, and keeps the last of them.</summary>
    private sealed class LineEnds
    {
        private readonly byte[] _line = new byte[TailBytes];
        private readonly byte[] _lineEnd = new byte[16];
        private readonly List<byte> _tail = [];
        private int _lineCount;
        private long _lineLength;

        public bool IsInCopy { get; private set; }

        public byte[] Tail => [.. _tail];

        public void Append(ReadOnlySpan<byte> part)
        {
            while (part.Length > 0)
            {
                var end = part.IndexOf((byte)'\n');
                if (end < 0)
                {
                    Keep(part);
                    return;
                }

                Keep(part[..end]);
                End();
                part = part[(end + 1)..];
            }
        }

        public void End()
        {
            var line = _line.AsSpan(0, _lineCount);
            if (IsInCopy)
            {
                IsInCopy = !(line.Length is 2 or 3 && line[0] == '\\' && line[1] == '.');
            }
            else if (line.StartsWith(CopyBegin))
            {
                IsInCopy = _lineEnd.AsSpan().TrimEnd((byte)'\r').EndsWith(CopyEnd);
            }

            // A line of a dump that says something about its end is short.
            if (_lineLength is > 0 and < 512)
            {
                _tail.AddRange(line);
                _tail.Add((byte)'\n');
                if (_tail.Count > 2 * TailBytes)
                {
                    _tail.RemoveRange(0, _tail.Count - TailBytes);
                }
            }
            else if (_lineLength > 0)
            {
                _tail.Clear();
                _tail.AddRange("…\n"u8);
            }

            (_lineCount, _lineLength) = (0, 0);
            _lineEnd.AsSpan().Clear();
        }

        private void Keep(ReadOnlySpan<byte> part)
        {
            _lineLength += part.Length;
            var room = Math.Min(part.Length, _line.Length - _lineCount);
            part[..room].CopyTo(_line.AsSpan(_lineCount));
            _lineCount += room;

            // The last bytes of a line of any length, across the parts that it comes in.
            if (part.Length >= _lineEnd.Length)
            {
                part[^_lineEnd.Length..].CopyTo(_lineEnd);
            }
            else
            {
                _lineEnd.AsSpan(part.Length).CopyTo(_lineEnd);
                part.CopyTo(_lineEnd.AsSpan(_lineEnd.Length - part.Length));
            }
        }
    }
}
