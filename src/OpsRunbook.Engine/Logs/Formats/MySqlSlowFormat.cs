using System.Buffers.Text;
using System.Text;

namespace OpsRunbook.Engine.Logs.Formats;

/// <summary>
/// Slow query log of MySQL and MariaDB: comment lines with time, user and figures, then the statement. The <c># Time:</c> line is left out
/// while the second is the same; <c>SET timestamp</c> has the time of every statement.
/// </summary>
internal sealed class MySqlSlowFormat : LogFormat
{
    /// <summary>The format.</summary>
    public static MySqlSlowFormat Instance { get; } = new();

    /// <inheritdoc/>
    public override string Name => "MySQL/MariaDB slow query log";

    /// <inheritdoc/>
    /// <remarks>Only the line before tells whether "# User@Host:" begins a record or belongs to its "# Time:".</remarks>
    public override bool StartsRecord(ReadOnlySpan<byte> line) => line.StartsWith("# Time: "u8) || line.StartsWith("# User@Host: "u8) || IsBanner(line);

    /// <inheritdoc/>
    public override int RecordLength(ReadOnlySpan<byte> text)
    {
        var first = text.StartsWith("# Time: "u8) ? text.IndexOf((byte)'\n') + 1 : 0;
        return first > 0 && first < text.Length && LineAt(text, first).StartsWith("# User@Host: "u8)
            ? first + base.RecordLength(text[first..])
            : base.RecordLength(text);
    }

    /// <inheritdoc/>
    public override int LastRecordStart(ReadOnlySpan<byte> text)
    {
        var last = base.LastRecordStart(text);
        if (last > 1 && !LineAt(text, last).StartsWith("# Time: "u8))
        {
            var before = text[..(last - 1)].LastIndexOf((byte)'\n') + 1;
            return LineAt(text, before).StartsWith("# Time: "u8) ? before : last;
        }

        return last;
    }

    /// <inheritdoc/>
    public override bool TryReadHead(ReadOnlySpan<byte> record, LogClock clock, out LogHead head)
    {
        head = default;
        if (!record.StartsWith("# "u8))
        {
            return false;
        }

        var (time, at) = (0L, 0);
        while (at < record.Length)
        {
            var line = LineAt(record, at);
            if (line.StartsWith("# Time: "u8))
            {
                clock.TryRead(line[8..], out time, out _);
            }
            else if (line.StartsWith("SET timestamp="u8))
            {
                if (Utf8Parser.TryParse(line[14..], out double seconds, out _) && LogClock.FromEpoch(seconds) is > 0 and var ticks)
                {
                    time = ticks;
                }
            }
            else if (!line.StartsWith("#"u8) && !line.StartsWith("use "u8))
            {
                break;
            }

            var next = record[at..].IndexOf((byte)'\n');
            at = next < 0 ? record.Length : at + next + 1;
        }

        head = new LogHead(time, LogLevel.Warning, at, record.Length - at);
        return true;
    }

    /// <inheritdoc/>
    public override void ReadFields(ReadOnlySpan<byte> record, in LogHead head, LogFields fields)
    {
        fields.Service = "mysql";
        for (var at = 0; at < head.MessageStart && at < record.Length;)
        {
            var line = LineAt(record, at);
            if (line.StartsWith("# User@Host: "u8))
            {
                // app[app] @ localhost [127.0.0.1]  Id: 8
                var user = line[13..];
                var end = user.IndexOf((byte)'[');
                fields.AddText("user", end < 0 ? user : user[..end]);
                var address = user.IndexOf(" @ "u8);
                if (address > 0)
                {
                    var host = user[(address + 3)..];
                    var open = host.IndexOf((byte)'[');
                    var close = host.IndexOf((byte)']');
                    fields.AddText("client", open >= 0 && close > open + 1 ? host[(open + 1)..close] : host[..(open < 0 ? host.Length : open)].Trim((byte)' '));
                }
            }
            else if (line.StartsWith("# "u8) && !line.StartsWith("# Time: "u8))
            {
                ReadPairs(line[2..], fields);
            }
            else if (line.StartsWith("use "u8))
            {
                fields.AddText("Schema", line[4..].TrimEnd((byte)';'));
            }

            var next = record[at..].IndexOf((byte)'\n');
            at = next < 0 ? record.Length : at + next + 1;
        }
    }

    // Query_time: 1.000123  Lock_time: 0.000000  Rows_sent: 1
    private static void ReadPairs(ReadOnlySpan<byte> line, LogFields fields)
    {
        while (true)
        {
            var colon = line.IndexOf(": "u8);
            if (colon <= 0)
            {
                return;
            }

            var name = line[..colon].Trim((byte)' ');
            line = line[(colon + 2)..].TrimStart((byte)' ');
            var end = line.IndexOf((byte)' ');
            fields.AddNumber(Encoding.UTF8.GetString(name), end < 0 ? line : line[..end]);
            line = end < 0 ? [] : line[end..].TrimStart((byte)' ');
        }
    }

    // What a server writes at each start of the file.
    private static bool IsBanner(ReadOnlySpan<byte> line) =>
        line.IndexOf(", Version: "u8) > 0 || line.StartsWith("Tcp port: "u8) || (line.StartsWith("Time "u8) && line.EndsWith("Argument"u8));
}
