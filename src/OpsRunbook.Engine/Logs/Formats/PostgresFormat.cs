using System.Text;

namespace OpsRunbook.Engine.Logs.Formats;

/// <summary>
/// PostgreSQL's standard error: time, whatever <c>log_line_prefix</c> says, severity, two blanks, message. Line ends inside a message
/// are followed by a tab, so they cannot begin a record; DETAIL, HINT, STATEMENT and the like belong to the record before them.
/// </summary>
internal sealed class PostgresFormat : LogFormat
{
    private const int LongestPrefix = 400;

    /// <summary>The format.</summary>
    public static PostgresFormat Instance { get; } = new();

    /// <inheritdoc/>
    public override string Name => "PostgreSQL";

    /// <inheritdoc/>
    public override bool StartsRecord(ReadOnlySpan<byte> line) => PlainFormat.WithTime.StartsRecord(line)
        && (!TrySeverity(line, out _, out _, out var level) || level is not null);

    /// <inheritdoc/>
    public override bool TryReadHead(ReadOnlySpan<byte> record, LogClock clock, out LogHead head)
    {
        head = default;
        if (!clock.TryRead(record, out var time, out _) || !TrySeverity(FirstLine(record), out _, out var message, out var level) || level is null)
        {
            return false;
        }

        var end = message;
        for (var line = end; line < record.Length;)
        {
            var length = record[line..].IndexOf((byte)'\n');
            end = length < 0 ? record.Length : line + length;
            if (length < 0 || end + 1 >= record.Length || record[end + 1] != (byte)'\t')
            {
                break;
            }

            line = end + 1;
        }

        head = new LogHead(time, level.Value, message, Math.Max(0, (end > message && record[end - 1] == (byte)'\r' ? end - 1 : end) - message));
        return true;
    }

    /// <inheritdoc/>
    public override void ReadFields(ReadOnlySpan<byte> record, in LogHead head, LogFields fields)
    {
        var first = FirstLine(record);
        if (!TrySeverity(first, out var severity, out _, out _))
        {
            return;
        }

        fields.Service = "postgresql";
        ReadPrefix(first[..severity], fields);

        // "12:30 STATEMENT:  select …", and its own lines behind a tab.
        var at = head.MessageStart + head.MessageLength;
        while (at < record.Length)
        {
            var next = record[at..].IndexOf((byte)'\n');
            if (next < 0 || at + next + 1 >= record.Length)
            {
                break;
            }

            at += next + 1;
            var end = at;
            do
            {
                var length = record[end..].IndexOf((byte)'\n');
                end = length < 0 ? record.Length : end + length + 1;
            }
            while (end < record.Length && record[end] == (byte)'\t');
            var part = record[at..end].TrimEnd("\r\n"u8);
            if (TrySeverity(FirstLine(part), out var name, out var text, out var level) && level is null)
            {
                var colon = part[name..].IndexOf((byte)':');
                fields.Add(Encoding.ASCII.GetString(part.Slice(name, colon)).ToLowerInvariant(), Encoding.UTF8.GetString(part[text..]));
            }

            at = end - 1;
        }
    }

    /// <inheritdoc/>
    public override IReadOnlyList<string>? LevelLiterals(LogLevel minimum) => LogLevels.Literals(minimum);

    /// <summary>Reads a severity.</summary>
    /// <param name="word">The word without its colon.</param>
    /// <param name="level">Its level; null when it is part of the record before it.</param>
    /// <returns>False when it is no severity.</returns>
    internal static bool TryParse(ReadOnlySpan<byte> word, out LogLevel? level)
    {
        level = word.SequenceEqual("LOG"u8) || word.SequenceEqual("INFO"u8) ? LogLevel.Info
            : word.SequenceEqual("ERROR"u8) ? LogLevel.Error
            : word.SequenceEqual("FATAL"u8) || word.SequenceEqual("PANIC"u8) ? LogLevel.Critical
            : word.SequenceEqual("WARNING"u8) ? LogLevel.Warning
            : word.SequenceEqual("NOTICE"u8) ? LogLevel.Notice
            : word.Length is 5 or 6 && word.StartsWith("DEBUG"u8) ? LogLevel.Debug
            : null;
        return level is not null || word.SequenceEqual("DETAIL"u8) || word.SequenceEqual("HINT"u8) || word.SequenceEqual("STATEMENT"u8)
            || word.SequenceEqual("CONTEXT"u8) || word.SequenceEqual("QUERY"u8) || word.SequenceEqual("LOCATION"u8);
    }

    private static bool TrySeverity(ReadOnlySpan<byte> line, out int severity, out int message, out LogLevel? level)
    {
        (severity, message, level) = (0, 0, null);
        var prefix = line[..Math.Min(line.Length, LongestPrefix)];
        for (var at = 0; ;)
        {
            var colon = prefix[at..].IndexOf(":  "u8);
            if (colon < 0)
            {
                return false;
            }

            colon += at;
            severity = prefix[..colon].LastIndexOf((byte)' ') + 1;
            if (TryParse(prefix[severity..colon], out level))
            {
                message = colon + 3;
                return true;
            }

            at = colon + 3;
        }
    }

    // The default prefixes: "time zone [pid] " and Debian's "time zone [pid] user@database ".
    private static void ReadPrefix(ReadOnlySpan<byte> prefix, LogFields fields)
    {
        var open = prefix.IndexOf((byte)'[');
        var close = prefix.IndexOf((byte)']');
        if (open < 0 || close < open)
        {
            return;
        }

        var pid = prefix[(open + 1)..close];
        var line = pid.IndexOf((byte)'-');
        fields.AddNumber("pid", line > 0 ? pid[..line] : pid);
        var who = prefix[(close + 1)..].Trim((byte)' ');
        var at = who.LastIndexOf((byte)'@');
        if (at > 0)
        {
            fields.AddText("user", who[..at]);
            fields.AddText("database", who[(at + 1)..]);
        }
    }
}
