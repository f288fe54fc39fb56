using System.Text;

namespace OpsRunbook.Engine.Logs.Formats;

/// <summary>Syslog: RFC 5424, RFC 3164, and the files that rsyslog and syslog-ng write of them, with old or ISO times.</summary>
internal sealed class SyslogFormat : LogFormat
{
    /// <summary>The format.</summary>
    public static SyslogFormat Instance { get; } = new();

    /// <inheritdoc/>
    public override string Name => "syslog";

    /// <inheritdoc/>
    public override bool StartsRecord(ReadOnlySpan<byte> line) =>
        PlainFormat.WithTime.StartsRecord(line[Priority(line, out _)..]) || (line.Length > 5 && line[0] == (byte)'<' && Priority(line, out _) > 0);

    /// <inheritdoc/>
    public override bool TryReadHead(ReadOnlySpan<byte> record, LogClock clock, out LogHead head)
    {
        head = default;
        if (!TrySplit(record, clock, out var parts))
        {
            return false;
        }

        head = parts.Severity is { } severity
            ? new LogHead(parts.Time, LogLevels.Parse(severity), parts.Message, record.Length - parts.Message)
            : PlainFormat.ReadLevel(record, parts.Message, parts.Time);
        return true;
    }

    /// <inheritdoc/>
    public override void ReadFields(ReadOnlySpan<byte> record, in LogHead head, LogFields fields)
    {
        if (!TrySplit(record, new LogClock(DateTime.UtcNow, TimeZoneInfo.Utc), out var parts))
        {
            return;
        }

        fields.Host = parts.Host.IsEmpty || parts.Host.SequenceEqual("-"u8) ? null : Encoding.UTF8.GetString(parts.Host);
        fields.Service = parts.Tag.IsEmpty || parts.Tag.SequenceEqual("-"u8) ? null : Encoding.UTF8.GetString(parts.Tag);
        fields.AddNumber("pid", parts.Pid);
        fields.AddText("msgid", parts.MessageId);
        fields.AddText("data", parts.Data);
    }

    private static int Priority(ReadOnlySpan<byte> line, out int value)
    {
        value = 0;
        var at = 1;
        if (line.Length < 3 || line[0] != (byte)'<')
        {
            return 0;
        }

        for (; at < line.Length && at < 4 && char.IsAsciiDigit((char)line[at]); at++)
        {
            value = (value * 10) + line[at] - '0';
        }

        return at > 1 && at < line.Length && line[at] == (byte)'>' && value < 192 ? at + 1 : 0;
    }

    private static bool TrySplit(ReadOnlySpan<byte> record, LogClock clock, out Parts parts)
    {
        parts = default;
        var at = Priority(record, out var priority);
        parts.Severity = at > 0 ? priority & 7 : null;
        var rest = record[at..];
        if (at > 0 && rest.StartsWith("1 "u8))
        {
            return TrySplit5424(record, at + 2, clock, ref parts);
        }

        if (!clock.TryRead(rest, out var time, out var length) || length >= rest.Length || rest[length] != (byte)' ')
        {
            return false;
        }

        parts.Time = time;
        at += length + 1;
        parts.Host = Word(record, ref at);
        var tag = record[at..];
        var end = tag.IndexOfAny(": [\n"u8);
        if (end <= 0 || tag[end] == (byte)'\n')
        {
            return false;
        }

        parts.Tag = tag[..end];
        if (tag[end] == (byte)'[')
        {
            var inside = tag[(end + 1)..].IndexOf((byte)']');
            if (inside < 0)
            {
                return false;
            }

            parts.Pid = tag.Slice(end + 1, inside);
            end += inside + 2;
        }

        // "kernel: text" and "program[1]: text"; without a colon it is another format.
        if (end >= tag.Length || tag[end] != (byte)':')
        {
            return false;
        }

        at += end + 1;
        parts.Message = at < record.Length && record[at] == (byte)' ' ? at + 1 : at;
        return true;
    }

    private static bool TrySplit5424(ReadOnlySpan<byte> record, int at, LogClock clock, ref Parts parts)
    {
        var time = Word(record, ref at);
        if (!time.SequenceEqual("-"u8) && !clock.TryRead(time, out parts.Time, out _))
        {
            return false;
        }

        parts.Host = Word(record, ref at);
        parts.Tag = Word(record, ref at);
        parts.Pid = Word(record, ref at);
        parts.MessageId = Word(record, ref at);
        var start = at;
        if (at < record.Length && record[at] == (byte)'[')
        {
            // Structured data: [id name="value"], values with \" \] \\ escaped.
            var quoted = false;
            for (; at < record.Length; at++)
            {
                var letter = record[at];
                if (quoted && letter == (byte)'\\')
                {
                    at++;
                }
                else if (letter == (byte)'"')
                {
                    quoted = !quoted;
                }
                else if (!quoted && letter == (byte)']' && (at + 1 == record.Length || record[at + 1] != (byte)'['))
                {
                    at++;
                    break;
                }
            }

            at = Math.Min(at, record.Length);
            parts.Data = record[start..at];
        }
        else
        {
            Word(record, ref at);
        }

        at = at < record.Length && record[at] == (byte)' ' ? at + 1 : at;
        parts.Message = record[at..].StartsWith("\uFEFF"u8) ? at + 3 : at;
        return true;
    }

    private static ReadOnlySpan<byte> Word(ReadOnlySpan<byte> text, scoped ref int at)
    {
        var rest = text[Math.Min(at, text.Length)..];
        var end = rest.IndexOf((byte)' ');
        at = end < 0 ? text.Length : at + end + 1;
        return end < 0 ? rest : rest[..end];
    }

    private ref struct Parts
    {
        public int? Severity;
        public long Time;
        public ReadOnlySpan<byte> Host;
        public ReadOnlySpan<byte> Tag;
        public ReadOnlySpan<byte> Pid;
        public ReadOnlySpan<byte> MessageId;
        public ReadOnlySpan<byte> Data;
        public int Message;
    }
}
