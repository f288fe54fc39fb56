using System.Buffers.Text;
using System.Text;

namespace OpsRunbook.Engine.Logs.Formats;

/// <summary>
/// One JSON object per line: pino, bunyan, winston, Serilog, MongoDB, Docker's json-file, and whatever else uses the
/// usual names. A line end inside a field is escaped there, so a line is a record and cannot be forged.
/// </summary>
internal sealed class JsonFormat : LogFormat
{
    private static readonly byte[][] LevelNumbers = [.. "0123569".Select(digit => Encoding.ASCII.GetBytes($"\"level\":{digit}"))];

    /// <summary>The format.</summary>
    public static JsonFormat Instance { get; } = new();

    /// <inheritdoc/>
    public override string Name => "JSON lines";

    private enum Role : byte
    {
        Other,
        Time,
        Level,
        Message,
        MessageTemplate,
        Service,
        Host,
        MongoSeverity,
    }

    /// <inheritdoc/>
    /// <remarks>What is no object stands among the objects by itself (a crash message of the runtime); its own indented lines follow it.</remarks>
    public override bool StartsRecord(ReadOnlySpan<byte> line) =>
        !line.IsEmpty && (line[0] == (byte)'{' || (line[0] is not ((byte)' ' or (byte)'\t' or (byte)'}' or (byte)'\r') && !PlainFormat.ContinuesTrace(line)));

    /// <inheritdoc/>
    public override bool TryReadHead(ReadOnlySpan<byte> record, LogClock clock, out LogHead head)
    {
        head = default;
        if (record.IsEmpty || record[0] != (byte)'{')
        {
            return false;
        }

        var line = new JsonLine(record);
        var (time, level, message, escaped, seen) = (0L, LogLevel.Unknown, (Start: 0, Length: 0, Rank: 0), false, 0);
        while (line.Next())
        {
            seen++;
            var role = RoleOf(line.Name);
            switch (role)
            {
                case Role.Time when time == 0:
                    time = ReadTime(line, clock);
                    break;
                case Role.Level when level == LogLevel.Unknown:
                    level = line.IsString ? LogLevels.Parse(line.Value)
                        : Utf8Parser.TryParse(line.Value, out long number, out var used) && used == line.Value.Length ? LogLevels.Parse(number)
                        : LogLevel.Unknown;
                    break;
                case Role.MongoSeverity when level == LogLevel.Unknown && line.IsString && line.Value.Length is 1 or 2:
                    level = line.Value[0] switch
                    {
                        (byte)'F' => LogLevel.Critical,
                        (byte)'E' => LogLevel.Error,
                        (byte)'W' => LogLevel.Warning,
                        (byte)'I' => LogLevel.Info,
                        (byte)'D' => LogLevel.Debug,
                        _ => LogLevel.Unknown,
                    };
                    break;
                case Role.Message or Role.MessageTemplate when line.IsString:
                    // The rendered message is better than its template.
                    var rank = role == Role.Message ? 2 : 1;
                    if (rank > message.Rank)
                    {
                        message = (record.Length - line.RestLength - 1 - line.Value.Length, line.Value.Length, rank);
                        escaped = line.Value.Contains((byte)'\\');
                    }

                    break;
                default:
                    break;
            }
        }

        // Serilog leaves the level out when it is Information, and names the time @t.
        if (level == LogLevel.Unknown && record.IndexOf("\"@t\":"u8) >= 0)
        {
            level = LogLevel.Info;
        }

        head = message.Rank == 0
            ? new LogHead(time, level, 0, record.Length)
            : new LogHead(time, level, message.Start, message.Length, escaped);
        return seen > 0;
    }

    /// <inheritdoc/>
    public override void ReadFields(ReadOnlySpan<byte> record, in LogHead head, LogFields fields)
    {
        var line = new JsonLine(record);
        while (line.Next())
        {
            var role = RoleOf(line.Name);
            if (role is Role.Time or Role.Level || (role == Role.Message && line.IsString))
            {
                continue;
            }

            var name = JsonText.Unescape(line.Name);
            object? value = line.IsString ? JsonText.Unescape(line.Value)
                : line.Value.SequenceEqual("true"u8) ? true
                : line.Value.SequenceEqual("false"u8) ? false
                : line.Value.SequenceEqual("null"u8) ? null
                : LogFields.Number(line.Value) ?? Encoding.UTF8.GetString(line.Value);
            switch (role)
            {
                case Role.Service when value is string service && fields.Service is null:
                    fields.Service = service;
                    break;
                case Role.Host when value is string host && fields.Host is null:
                    fields.Host = host;
                    break;
                default:
                    fields.Add(name, value);
                    break;
            }
        }
    }

    /// <inheritdoc/>
    public override IReadOnlyList<string>? LevelLiterals(LogLevel minimum) => LogLevels.Literals(minimum) is { } words && minimum >= LogLevel.Error
        ? [.. words, .. LevelNumbers.Select(Encoding.ASCII.GetString), "\"level\": ", "\"s\":\"e", "\"s\":\"f"]
        : null;

    // Elasticsearch, GELF and others each have their names; these are the common ones.
    private static Role RoleOf(ReadOnlySpan<byte> name) => name.Length switch
    {
        1 when name[0] == (byte)'t' => Role.Time,
        1 when name[0] == (byte)'s' => Role.MongoSeverity,
        2 when name.SequenceEqual("ts"u8) || name.SequenceEqual("@t"u8) => Role.Time,
        2 when name.SequenceEqual("@l"u8) => Role.Level,
        2 when name.SequenceEqual("@m"u8) => Role.Message,
        3 when name.SequenceEqual("msg"u8) || name.SequenceEqual("log"u8) => Role.Message,
        3 when name.SequenceEqual("@mt"u8) => Role.MessageTemplate,
        3 when name.SequenceEqual("app"u8) => Role.Service,
        4 when name.SequenceEqual("time"u8) => Role.Time,
        4 when name.SequenceEqual("name"u8) => Role.Service,
        4 when name.SequenceEqual("host"u8) => Role.Host,
        5 when name.SequenceEqual("level"u8) || name.SequenceEqual("Level"u8) => Role.Level,
        7 when name.SequenceEqual("message"u8) || name.SequenceEqual("Message"u8) => Role.Message,
        7 when name.SequenceEqual("service"u8) => Role.Service,
        8 when name.SequenceEqual("severity"u8) => Role.Level,
        8 when name.SequenceEqual("hostname"u8) => Role.Host,
        8 when name.SequenceEqual("app_name"u8) => Role.Service,
        9 when name.SequenceEqual("timestamp"u8) || name.SequenceEqual("Timestamp"u8) => Role.Time,
        9 when name.SequenceEqual("log.level"u8) => Role.Level,
        10 when name.SequenceEqual("@timestamp"u8) => Role.Time,
        13 when name.SequenceEqual("short_message"u8) => Role.Message,
        15 when name.SequenceEqual("RenderedMessage"u8) => Role.Message,
        15 when name.SequenceEqual("MessageTemplate"u8) => Role.MessageTemplate,
        _ => Role.Other,
    };

    private static long ReadTime(in JsonLine line, LogClock clock)
    {
        if (line.IsString)
        {
            return clock.TryRead(line.Value, out var ticks, out _) ? ticks : 0;
        }

        if (line.Value[0] == (byte)'{')
        {
            // MongoDB: {"$date":"2026-01-23T10:30:00.123+00:00"}
            var inner = new JsonLine(line.Value);
            return inner.Next() && inner.IsString && clock.TryRead(inner.Value, out var date, out _) ? date : 0;
        }

        return Utf8Parser.TryParse(line.Value, out double number, out var used) && used == line.Value.Length ? LogClock.FromEpoch(number) : 0;
    }
}
