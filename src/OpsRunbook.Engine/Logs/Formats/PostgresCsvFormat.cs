using System.Text;

namespace OpsRunbook.Engine.Logs.Formats;

/// <summary>
/// PostgreSQL's csvlog. Fields in quotes may hold line ends, so where a record begins depends on everything before it:
/// such a file is always read from its beginning. A statement with a line that looks like a record stays one field.
/// </summary>
internal sealed class PostgresCsvFormat : LogFormat
{
    private const int SeverityColumn = 11;
    private const int MessageColumn = 13;

    private static readonly string?[] Columns =
    [
        null, "user", "database", "pid", "client", "session", "line", "command", "sessionStart", "virtualTransaction", "transaction", null, "sqlState", null,
        "detail", "hint", "internalQuery", "internalPosition", "context", "statement", "position", "location", "application", "backendType", "leaderPid", "queryId",
    ];

    /// <summary>The format.</summary>
    public static PostgresCsvFormat Instance { get; } = new();

    /// <inheritdoc/>
    public override string Name => "PostgreSQL CSV";

    /// <inheritdoc/>
    public override bool IsSplittable => false;

    /// <inheritdoc/>
    public override bool StartsRecord(ReadOnlySpan<byte> line) => PlainFormat.WithTime.StartsRecord(line);

    /// <inheritdoc/>
    public override int RecordLength(ReadOnlySpan<byte> text)
    {
        var end = EndOf(text, 0);
        return end < 0 ? text.Length : end;
    }

    /// <inheritdoc/>
    public override int LastRecordStart(ReadOnlySpan<byte> text)
    {
        var last = 0;
        while (EndOf(text, last) is > 0 and var end && end < text.Length)
        {
            last = end;
        }

        return last;
    }

    /// <inheritdoc/>
    public override bool TryReadHead(ReadOnlySpan<byte> record, LogClock clock, out LogHead head)
    {
        head = default;
        if (!clock.TryRead(record, out var time, out _))
        {
            return false;
        }

        var (at, level) = (0, (LogLevel?)null);
        for (var column = 0; column <= MessageColumn; column++)
        {
            if (!TryColumn(record, ref at, out var start, out var length))
            {
                return false;
            }

            if (column == SeverityColumn && !PostgresFormat.TryParse(record.Slice(start, length), out level))
            {
                return false;
            }

            if (column == MessageColumn)
            {
                head = new LogHead(time, level ?? LogLevel.Unknown, start, length);
            }
        }

        return true;
    }

    /// <inheritdoc/>
    public override void ReadFields(ReadOnlySpan<byte> record, in LogHead head, LogFields fields)
    {
        fields.Service = "postgresql";
        var at = 0;
        for (var column = 0; column < Columns.Length && TryColumn(record, ref at, out var start, out var length); column++)
        {
            var value = record.Slice(start, length);
            if (column == MessageColumn)
            {
                fields.Message = Text(value);
            }
            else if (Columns[column] is { } name && length > 0)
            {
                fields.Add(name, column is 3 or 6 ? LogFields.Number(value) ?? Text(value) : Text(value));
            }
        }
    }

    private static string Text(ReadOnlySpan<byte> value) => Encoding.UTF8.GetString(value).Replace("\"\"", "\"", StringComparison.Ordinal);

    // Behind the line end that is not within quotes; a doubled quote leaves the quotes and enters them again.
    private static int EndOf(ReadOnlySpan<byte> text, int start)
    {
        var quoted = false;
        for (var at = start; ;)
        {
            var found = quoted ? text[at..].IndexOf((byte)'"') : text[at..].IndexOfAny((byte)'"', (byte)'\n');
            if (found < 0)
            {
                return -1;
            }

            at += found + 1;
            if (text[at - 1] == (byte)'\n')
            {
                return at;
            }

            quoted = !quoted;
        }
    }

    private static bool TryColumn(ReadOnlySpan<byte> record, ref int at, out int start, out int length)
    {
        (start, length) = (at, 0);
        if (at > record.Length)
        {
            return false;
        }

        if (at < record.Length && record[at] == (byte)'"')
        {
            start = at + 1;
            for (var end = start; ;)
            {
                var found = record[Math.Min(end, record.Length)..].IndexOf((byte)'"');
                if (found < 0)
                {
                    return false;
                }

                end += found;
                if (end + 1 < record.Length && record[end + 1] == (byte)'"')
                {
                    end += 2;
                    continue;
                }

                length = end - start;
                at = end + 2;
                return true;
            }
        }

        var comma = record[at..].IndexOf((byte)',');
        length = comma < 0 ? record.Length - at : comma;
        at += length + 1;
        return true;
    }
}
