using System.Text;
using OpsRunbook.Engine.Logs.Formats;

namespace OpsRunbook.Engine.Logs.Sources;

/// <summary>Makes a record of a message that its source has already dated: an entry of the journal, or of Loki.</summary>
internal static class EntryRecord
{
    /// <summary>Makes the record. A message that is a JSON object, as pino and Serilog write it, is read as one.</summary>
    /// <param name="origin">Where it comes from.</param>
    /// <param name="time">Its time by the source, UTC.</param>
    /// <param name="level">Its level by the source; <see cref="LogLevel.Unknown"/> when the message shall tell it.</param>
    /// <param name="message">The message.</param>
    /// <param name="fields">What the source says besides; the message cannot replace it.</param>
    /// <returns>The record.</returns>
    public static LogRecord Make(RecordOrigin origin, DateTime? time, LogLevel level, string message, IReadOnlyDictionary<string, object?> fields)
    {
        if (message.StartsWith('{'))
        {
            var bytes = Encoding.UTF8.GetBytes(message);
            if (JsonFormat.Instance.TryReadHead(bytes, Clock(), out var head) && head.MessageLength < bytes.Length)
            {
                head = head with { Time = time?.Ticks ?? head.Time, Level = head.Level == LogLevel.Unknown ? level : head.Level };
                return Files.RecordBuilder.Make(origin, JsonFormat.Instance, bytes, head, null, null, isCut: false, fields);
            }
        }

        if (level == LogLevel.Unknown)
        {
            level = PlainFormat.Instance.ReadAny(Encoding.UTF8.GetBytes(message), Clock()).Level;
        }

        return new LogRecord
        {
            Time = time,
            Level = level,
            Service = origin.Service ?? origin.DefaultService,
            Host = origin.Host,
            Message = message,
            Fields = fields,
            SourceFile = origin.Name,
        };
    }

    private static LogClock Clock() => new(DateTime.UtcNow, TimeZoneInfo.Utc);
}
