namespace OpsRunbook.Engine.Logs.Formats;

/// <summary>Redis: <c>1234:M 23 Jan 2026 10:30:00.123 * text</c>, whose sign is the level.</summary>
internal sealed class RedisFormat : LogFormat
{
    /// <summary>The format.</summary>
    public static RedisFormat Instance { get; } = new();

    /// <inheritdoc/>
    public override string Name => "Redis";

    /// <inheritdoc/>
    public override bool StartsRecord(ReadOnlySpan<byte> line)
    {
        var digits = line.IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        return digits > 0 && line.Length > digits + 3 && line[digits] == (byte)':' && char.IsAsciiLetterUpper((char)line[digits + 1]) && line[digits + 2] == (byte)' ';
    }

    /// <inheritdoc/>
    public override bool TryReadHead(ReadOnlySpan<byte> record, LogClock clock, out LogHead head)
    {
        head = default;
        if (!StartsRecord(record))
        {
            return false;
        }

        var at = record.IndexOf((byte)' ') + 1;
        if (!clock.TryRead(record[at..], out var time, out var length) || record.Length < at + length + 3 || record[at + length] != (byte)' ')
        {
            return false;
        }

        at += length + 1;
        var level = record[at] switch
        {
            (byte)'.' => LogLevel.Debug,
            (byte)'-' => LogLevel.Info,
            (byte)'*' => LogLevel.Notice,
            (byte)'#' => LogLevel.Warning,
            _ => LogLevel.Unknown,
        };
        at = Math.Min(at + 2, record.Length);
        head = new LogHead(time, level, at, record.Length - at);
        return level != LogLevel.Unknown;
    }

    /// <inheritdoc/>
    public override void ReadFields(ReadOnlySpan<byte> record, in LogHead head, LogFields fields)
    {
        fields.Service = "redis";
        var colon = record.IndexOf((byte)':');
        fields.AddNumber("pid", record[..colon]);
        fields.AddText("role", record[(colon + 1)..(colon + 2)]);
    }
}
