using System.Text;

namespace OpsRunbook.Engine.Logs.Formats;

/// <summary>Error log of MariaDB (<c>2026-01-23 10:30:00 0 [Note] text</c>) and MySQL (<c>2026-01-23T10:30:00.1Z 0 [Warning] [MY-010068] [Server] text</c>).</summary>
internal sealed class MySqlErrorFormat : LogFormat
{
    /// <summary>The format.</summary>
    public static MySqlErrorFormat Instance { get; } = new();

    /// <inheritdoc/>
    public override string Name => "MySQL/MariaDB error log";

    /// <inheritdoc/>
    public override bool StartsRecord(ReadOnlySpan<byte> line) => PlainFormat.WithTime.StartsRecord(line);

    /// <inheritdoc/>
    public override bool TryReadHead(ReadOnlySpan<byte> record, LogClock clock, out LogHead head) => TryRead(record, clock, null, out head);

    /// <inheritdoc/>
    public override void ReadFields(ReadOnlySpan<byte> record, in LogHead head, LogFields fields) =>
        TryRead(record, new LogClock(DateTime.UtcNow, TimeZoneInfo.Utc), fields, out _);

    /// <inheritdoc/>
    public override IReadOnlyList<string>? LevelLiterals(LogLevel minimum) => LogLevels.Literals(minimum);

    private static bool TryRead(ReadOnlySpan<byte> record, LogClock clock, LogFields? fields, out LogHead head)
    {
        head = default;
        if (!clock.TryRead(record, out var time, out var at))
        {
            return false;
        }

        // The thread; missing in old versions.
        at += record[at..].IndexOfAnyExcept((byte)' ') is > 0 and var blanks ? blanks : 0;
        var digits = record[at..].IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        if (digits > 0)
        {
            fields?.AddNumber("thread", record.Slice(at, digits));
            at += digits;
            at += record[at..].IndexOfAnyExcept((byte)' ') is > 0 and var more ? more : 0;
        }

        if (!TryBracket(record, ref at, out var word))
        {
            return false;
        }

        var level = LogLevels.Parse(word);
        if (TryBracket(record, ref at, out var code))
        {
            fields?.AddText("code", code);
            if (TryBracket(record, ref at, out var subsystem))
            {
                fields?.AddText("subsystem", subsystem);
            }
        }

        if (fields is not null)
        {
            fields.Service = "mysql";
        }

        head = new LogHead(time, level, at, record.Length - at);
        return level != LogLevel.Unknown;
    }

    private static bool TryBracket(ReadOnlySpan<byte> record, ref int at, out ReadOnlySpan<byte> word)
    {
        word = default;
        if (at >= record.Length || record[at] != (byte)'[')
        {
            return false;
        }

        var end = record[at..].IndexOf((byte)']');
        if (end is < 2 or > 40)
        {
            return false;
        }

        word = record.Slice(at + 1, end - 1);
        at += end + 1;
        at += at < record.Length && record[at] == (byte)' ' ? 1 : 0;
        return true;
    }
}
