namespace OpsRunbook.Engine.Logs.Formats;

/// <summary>Requests of nginx and Apache in the common or combined format. The level comes from the status code.</summary>
internal sealed class AccessFormat : LogFormat
{
    /// <summary>The format.</summary>
    public static AccessFormat Instance { get; } = new();

    /// <inheritdoc/>
    public override string Name => "web server access log";

    /// <inheritdoc/>
    public override bool StartsRecord(ReadOnlySpan<byte> line) => true;

    /// <inheritdoc/>
    public override int RecordLength(ReadOnlySpan<byte> text)
    {
        var end = text.IndexOf((byte)'\n');
        return end < 0 ? text.Length : end + 1;
    }

    /// <inheritdoc/>
    public override bool TryReadHead(ReadOnlySpan<byte> record, LogClock clock, out LogHead head)
    {
        var read = AccessLine.TryRead(record, clock, out var line);
        head = new LogHead(
            line.Time,
            line.Status switch { >= 500 => LogLevel.Error, >= 400 => LogLevel.Warning, _ => LogLevel.Info },
            line.RequestStart,
            line.Request.Length);
        return read;
    }

    /// <inheritdoc/>
    public override void ReadFields(ReadOnlySpan<byte> record, in LogHead head, LogFields fields)
    {
        AccessLine.TryRead(record, new LogClock(DateTime.UtcNow, TimeZoneInfo.Utc), out var line);
        fields.AddText("server", line.Server);
        fields.AddText("client", line.Client);
        fields.AddText("user", line.User);
        fields.AddText("method", line.Method);
        fields.AddText("path", line.Path);
        fields.AddText("protocol", line.Protocol);
        fields.Add("status", (long)line.Status);
        fields.Add("bytes", line.Bytes < 0 ? null : line.Bytes);
        fields.AddText("referer", line.Referer);
        fields.AddText("agent", line.Agent);
        if (!double.IsNaN(line.Seconds))
        {
            fields.Add("seconds", line.Seconds);
        }
    }
}
