using System.Buffers;

namespace OpsRunbook.Engine.Logs.Formats;

/// <summary>Error logs of nginx (<c>2026/01/23 10:30:00 [error] 12#34: *5 text, client: …</c>) and Apache (<c>[Fri Jan 23 …] [core:error] [pid 1] [client …] text</c>).</summary>
internal sealed class WebErrorFormat : LogFormat
{
    private static readonly SearchValues<byte> OfProcess = SearchValues.Create("0123456789#"u8);

    /// <summary>The format.</summary>
    public static WebErrorFormat Instance { get; } = new();

    /// <inheritdoc/>
    public override string Name => "web server error log";

    /// <inheritdoc/>
    public override bool StartsRecord(ReadOnlySpan<byte> line) => PlainFormat.WithTime.StartsRecord(line);

    /// <inheritdoc/>
    public override bool TryReadHead(ReadOnlySpan<byte> record, LogClock clock, out LogHead head)
    {
        head = default;
        return !record.IsEmpty && (record[0] == (byte)'[' ? TryApache(record, clock, null, out head) : TryNginx(record, clock, null, out head));
    }

    /// <inheritdoc/>
    public override void ReadFields(ReadOnlySpan<byte> record, in LogHead head, LogFields fields)
    {
        var clock = new LogClock(DateTime.UtcNow, TimeZoneInfo.Utc);
        _ = record[0] == (byte)'[' ? TryApache(record, clock, fields, out _) : TryNginx(record, clock, fields, out _);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<string>? LevelLiterals(LogLevel minimum) => LogLevels.Literals(minimum);

    private static bool TryNginx(ReadOnlySpan<byte> record, LogClock clock, LogFields? fields, out LogHead head)
    {
        head = default;
        if (!clock.TryRead(record, out var time, out var at) || !TryBracket(record, ref at, out var word))
        {
            return false;
        }

        var level = LogLevels.Parse(word);
        var rest = record[at..];
        var hash = rest.IndexOf((byte)'#');
        var colon = rest.IndexOf(": "u8);
        if (level == LogLevel.Unknown || hash < 1 || colon < hash || rest[1..colon].ContainsAnyExcept(OfProcess))
        {
            return false;
        }

        fields?.AddNumber("pid", rest[1..hash]);
        at += colon + 2;
        if (at < record.Length && record[at] == (byte)'*')
        {
            var end = record[at..].IndexOf((byte)' ');
            if (end > 0)
            {
                fields?.AddNumber("connection", record[(at + 1)..(at + end)]);
                at += end + 1;
            }
        }

        // The message may quote what a client sent, and so may the request: an address counts only when no second one is claimed.
        var client = record.IndexOf(", client: "u8);
        if (fields is not null && client > 0 && record[(client + 1)..].IndexOf(", client: "u8) < 0)
        {
            var address = record[(client + 10)..];
            var end = address.IndexOf((byte)',');
            fields.AddText("client", end < 0 ? address : address[..end]);
        }

        head = new LogHead(time, level, at, record.Length - at);
        return true;
    }

    private static bool TryApache(ReadOnlySpan<byte> record, LogClock clock, LogFields? fields, out LogHead head)
    {
        head = default;
        if (!clock.TryRead(record[1..], out var time, out var at))
        {
            return false;
        }

        at++;
        if (at >= record.Length || record[at] != (byte)']')
        {
            return false;
        }

        at++;
        if (!TryBracket(record, ref at, out var module))
        {
            return false;
        }

        var colon = module.IndexOf((byte)':');
        var level = LogLevels.Parse(module[(colon + 1)..]);
        if (level == LogLevel.Unknown && module[(colon + 1)..].StartsWith("trace"u8))
        {
            level = LogLevel.Trace;
        }

        fields?.AddText("module", colon < 0 ? default : module[..colon]);
        var isApache = colon >= 0;
        while (at + 1 < record.Length && record[at + 1] == (byte)'[' && TryBracket(record, ref at, out var part))
        {
            isApache |= part.StartsWith("pid "u8) || part.StartsWith("client "u8);
            if (part.StartsWith("pid "u8))
            {
                var end = part.IndexOf((byte)':');
                fields?.AddNumber("pid", part[4..(end < 0 ? part.Length : end)]);
            }
            else if (part.StartsWith("client "u8))
            {
                // 203.0.113.7:50412, [2001:db8::1]:50412
                var end = part.LastIndexOf((byte)':');
                fields?.AddText("client", part[7..(end > 7 ? end : part.Length)].Trim("[]"u8));
            }
        }

        at = at < record.Length && record[at] == (byte)' ' ? at + 1 : at;
        head = new LogHead(time, level, at, record.Length - at);
        return isApache && level != LogLevel.Unknown;
    }

    private static bool TryBracket(ReadOnlySpan<byte> record, ref int at, out ReadOnlySpan<byte> word)
    {
        word = default;
        if (at + 2 >= record.Length || record[at] != (byte)' ' || record[at + 1] != (byte)'[')
        {
            return false;
        }

        // The address of a client in brackets holds brackets itself.
        var end = record[(at + 2)..].IndexOfAny((byte)']', (byte)'\n');
        if (end < 0 || record[at + 2 + end] != (byte)']')
        {
            return false;
        }

        if (at + 3 + end < record.Length && record[at + 3 + end] == (byte)':' && record[(at + 3 + end)..].IndexOf((byte)']') is > 0 and var further)
        {
            end += further + 1;
        }

        word = record.Slice(at + 2, end);
        at += end + 3;
        return true;
    }
}
