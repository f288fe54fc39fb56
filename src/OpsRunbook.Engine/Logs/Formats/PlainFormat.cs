using System.Text;

namespace OpsRunbook.Engine.Logs.Formats;

/// <summary>
/// A time at the beginning of the line, or none at all; then perhaps a level, then the message. What begins with neither time nor
/// letter continues the record before it: the lines of a stack trace.
/// </summary>
/// <param name="hasTime">Every record begins with a time. Otherwise every line that is not indented is a record.</param>
internal sealed class PlainFormat(bool hasTime) : LogFormat
{
    private const int WordsBeforeLevel = 5;
    private const int LongestLead = 120;

    // Only whether a time stands there matters where a record begins, not which moment it is.
    [ThreadStatic]
    private static LogClock? t_clock;

    /// <summary>Lines that begin with a time.</summary>
    public static PlainFormat WithTime { get; } = new(hasTime: true);

    /// <summary>Lines without a time.</summary>
    public static PlainFormat Instance { get; } = new(hasTime: false);

    /// <inheritdoc/>
    public override string Name => hasTime ? "plain text with times" : "plain text";

    /// <summary>A line of a stack trace that does not begin with a blank.</summary>
    /// <param name="line">The line.</param>
    /// <returns>True when it belongs to the record before it.</returns>
    public static bool ContinuesTrace(ReadOnlySpan<byte> line) =>
        line.StartsWith("at "u8) || line.StartsWith("Caused by:"u8) || line.StartsWith("..."u8) || line.StartsWith("}"u8);

    /// <inheritdoc/>
    public override bool StartsRecord(ReadOnlySpan<byte> line)
    {
        if (line.IsEmpty || line[0] is (byte)' ' or (byte)'\t' or (byte)'\r')
        {
            return false;
        }

        return hasTime ? TimeAt(line, out var end) && !IsPm2Continuation(line, end) : !ContinuesTrace(line);
    }

    /// <inheritdoc/>
    /// <remarks>The usual time tells without a look at the end of the line.</remarks>
    public override bool StartsRecordAt(ReadOnlySpan<byte> text, int start) => (hasTime && HasUsualTime(text[start..])) || base.StartsRecordAt(text, start);

    /// <inheritdoc/>
    public override bool TryReadHead(ReadOnlySpan<byte> record, LogClock clock, out LogHead head)
    {
        var at = 0;
        var ticks = 0L;
        var found = TryTime(record, clock, ref at, out ticks);
        head = ReadLevel(record, at, ticks);
        return found || !hasTime;
    }

    /// <summary>Reads whatever it is, with or without a time.</summary>
    /// <param name="record">The record.</param>
    /// <param name="clock">Turns its time into UTC.</param>
    /// <returns>What was read.</returns>
    public LogHead ReadAny(ReadOnlySpan<byte> record, LogClock clock)
    {
        TryReadHead(record, clock, out var head);
        return head;
    }

    /// <inheritdoc/>
    public override void ReadFields(ReadOnlySpan<byte> record, in LogHead head, LogFields fields)
    {
        if (!hasTime || head.Message(record).IndexOf((byte)'\n') < 0)
        {
            return;
        }

        // The times that pm2 put before the further lines are not part of the message.
        var lines = MessageText(record, head).Split('\n');
        var changed = false;
        for (var i = 1; i < lines.Length; i++)
        {
            var line = Encoding.UTF8.GetBytes(lines[i]);
            if (TimeAt(line, out var end) && IsPm2Continuation(line, end))
            {
                lines[i] = Encoding.UTF8.GetString(line.AsSpan(Math.Min(end + 2, line.Length)));
                changed = true;
            }
        }

        fields.Message = changed ? string.Join('\n', lines) : null;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<string>? LevelLiterals(LogLevel minimum) => LogLevels.Literals(minimum);

    /// <summary>Reads a level word at the beginning of a message.</summary>
    /// <param name="record">The record.</param>
    /// <param name="at">Where time and separators end.</param>
    /// <param name="ticks">UTC ticks of the record.</param>
    /// <returns>A head whose message has no level word in front.</returns>
    internal static LogHead ReadLevel(ReadOnlySpan<byte> record, int at, long ticks)
    {
        var start = at + Separators(record[at..]);
        var line = record.Slice(start, Math.Min(record.Length - start, LongestLead));
        var end = line.IndexOf((byte)'\n');
        line = end < 0 ? line : line[..end];
        var position = 0;
        for (var word = 0; word < WordsBeforeLevel && position < line.Length; word++)
        {
            var length = line[position..].IndexOfAny((byte)' ', (byte)'\t');
            length = length < 0 ? line.Length - position : length;
            var token = line.Slice(position, length);
            var bare = Bare(token);
            if (bare.Length >= 6 && bare.StartsWith("level="u8))
            {
                bare = bare[6..].Trim((byte)'"');
            }

            var level = LogLevels.Parse(bare);

            // Later words must look like a level: "ERROR", "[error]", "error:"; the first may be written anyhow.
            if (level != LogLevel.Unknown && (word == 0 || bare.Length < token.Length || !bare.ContainsAnyInRange((byte)'a', (byte)'z')))
            {
                var after = start + position + length;
                after += Separators(record[after..]);
                return word == 0 ? new LogHead(ticks, level, after, record.Length - after) : new LogHead(ticks, level, start, record.Length - start);
            }

            position += length;
            position += line[position..].IndexOfAnyExcept((byte)' ', (byte)'\t') is >= 0 and var blanks ? blanks : line.Length - position;
        }

        return new LogHead(ticks, IsFailure(line) ? LogLevel.Error : LogLevel.Unknown, start, record.Length - start);
    }

    // What runtimes print when a program fails and nobody logged it.
    private static bool IsFailure(ReadOnlySpan<byte> line)
    {
        var end = line.IndexOf((byte)' ');
        var word = end < 0 ? line : line[..end];
        return word.EndsWith("Error:"u8) || word.EndsWith("Exception:"u8) || word.EndsWith("Error"u8) || word.EndsWith("Exception"u8)
            || line.StartsWith("Traceback ("u8) || line.StartsWith("Exception in thread"u8) || line.StartsWith("panic:"u8)
            || line.StartsWith("Unhandled"u8) || line.StartsWith("Uncaught"u8);
    }

    private static int Separators(ReadOnlySpan<byte> text)
    {
        var end = 0;
        while (end < text.Length && text[end] is (byte)' ' or (byte)'\t' or (byte)':' or (byte)',' or (byte)'|' or (byte)'-')
        {
            end++;
        }

        return end;
    }

    private static ReadOnlySpan<byte> Bare(ReadOnlySpan<byte> token)
    {
        var (start, end) = (0, token.Length);
        while (start < end && IsAround(token[start]))
        {
            start++;
        }

        while (end > start && IsAround(token[end - 1]))
        {
            end--;
        }

        return token[start..end];
    }

    private static bool IsAround(byte letter) =>
        letter is (byte)'[' or (byte)']' or (byte)'(' or (byte)')' or (byte)'<' or (byte)'>' or (byte)':' or (byte)'|' or (byte)',' or (byte)'-';

    private static bool TimeAt(ReadOnlySpan<byte> line, out int end)
    {
        end = 0;
        if (HasUsualTime(line))
        {
            return true;
        }

        t_clock ??= new LogClock(DateTime.UtcNow, TimeZoneInfo.Utc);
        return TryTime(line, t_clock, ref end, out _);
    }

    // Asked for every line: the shape decides for the usual time, unless what follows it must be looked at.
    private static bool HasUsualTime(ReadOnlySpan<byte> line) =>
        line.Length > 20 && line[0] == (byte)'2' && line[19] is (byte)'.' or (byte)',' or (byte)'Z' && IsoTime.HasShape(line);

    // pm2 --time puts "time: " before every line, also those of a stack trace.
    private static bool IsPm2Continuation(ReadOnlySpan<byte> line, int end) =>
        line[end..].StartsWith(":"u8) && (line.Length <= end + 2 || line[(end + 1)..].StartsWith("  "u8) || line[(end + 1)..].StartsWith(" \t"u8));

    // Many programs put the time into brackets.
    private static bool TryTime(ReadOnlySpan<byte> text, LogClock clock, ref int at, out long ticks)
    {
        var start = !text.IsEmpty && text[0] == (byte)'[' ? 1 : 0;
        if (!clock.TryRead(text[start..], out ticks, out var length))
        {
            return false;
        }

        at = start + length;
        if (start == 1)
        {
            var close = text[at..].IndexOf((byte)']');
            if (close is < 0 or > 8)
            {
                return false;
            }

            at += close + 1;
        }

        return true;
    }
}
