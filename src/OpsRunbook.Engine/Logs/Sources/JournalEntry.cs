using System.Globalization;
using System.Text;
using System.Text.Json;
using OpsRunbook.Engine.Logs.Formats;

namespace OpsRunbook.Engine.Logs.Sources;

/// <summary>One entry of <c>journalctl -o json</c>.</summary>
/// <param name="Time">When the program sent it, or else when the journal took it; UTC.</param>
/// <param name="Level">Its syslog priority; <see cref="LogLevel.Unknown"/> for what a service merely printed, which systemd gives a priority of its own.</param>
/// <param name="Identifier">What it is called in the journal.</param>
/// <param name="Message">The message.</param>
/// <param name="Cursor">Its place in the journal.</param>
/// <param name="Fields">Process, unit and boot, by the journal's names.</param>
internal sealed record JournalEntry(
    DateTime? Time, LogLevel Level, string Identifier, string Message, string? Cursor, IReadOnlyDictionary<string, object?> Fields)
{
    private const long TicksOfMicrosecond = 10;

    // What begins with an underscore was set by the journal itself and cannot be forged by the sender.
    private static readonly string[] Kept =
    [
        "_PID", "_UID", "_COMM", "_EXE", "_SYSTEMD_UNIT", "_TRANSPORT", "_BOOT_ID", "SYSLOG_IDENTIFIER", "PRIORITY", "UNIT", "MESSAGE_ID", "CODE_FILE", "CODE_LINE", "CODE_FUNC",
    ];

    /// <summary>What a service printed line by line, so that a stack trace is many entries.</summary>
    public bool IsPrinted => Fields.GetValueOrDefault("_TRANSPORT") is "stdout";

    /// <summary>Process that sent it; null when it is not known.</summary>
    public object? Pid => Fields.GetValueOrDefault("_PID");

    /// <summary>It goes on with the stack trace of an earlier entry of the same process.</summary>
    public bool ContinuesTrace => IsPrinted && !PlainFormat.Instance.StartsRecord(LogFormat.LineAt(Encoding.UTF8.GetBytes(Message), 0));

    /// <summary>Reads an entry.</summary>
    /// <param name="line">The line.</param>
    /// <returns>The entry; null when the line is none.</returns>
    public static JournalEntry? Read(byte[] line)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            var entry = json.RootElement;
            if (entry.ValueKind != JsonValueKind.Object)
            {
                return null;
            }

            var fields = new Dictionary<string, object?>(StringComparer.OrdinalIgnoreCase);
            foreach (var name in Kept)
            {
                if (Text(entry, name) is { } text)
                {
                    fields[name] = long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : text;
                }
            }

            // systemd gives what a service prints the same priority whatever it says, unless it is told otherwise.
            var isPrinted = fields.GetValueOrDefault("_TRANSPORT") is "stdout";
            var level = fields.GetValueOrDefault("PRIORITY") is long priority && !(isPrinted && priority == 6) ? LogLevels.Parse(priority) : LogLevel.Unknown;
            return new JournalEntry(
                Moment(entry, "_SOURCE_REALTIME_TIMESTAMP") ?? Moment(entry, "__REALTIME_TIMESTAMP"),
                level,
                Text(entry, "SYSLOG_IDENTIFIER") ?? Text(entry, "_COMM") ?? string.Empty,
                Text(entry, "MESSAGE") ?? string.Empty,
                Text(entry, "__CURSOR"),
                fields);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    // Text is a string; bytes that are no UTF-8, or hold control characters, are an array of numbers; a field that was
    // sent several times is an array of either, of which the first counts.
    private static string? Text(JsonElement entry, string name) => entry.TryGetProperty(name, out var value) ? Text(value) : null;

    private static string? Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Array when value.GetArrayLength() > 0 && value[0].ValueKind != JsonValueKind.Number => Text(value[0]),
        JsonValueKind.Array => Encoding.UTF8.GetString([.. value.EnumerateArray().Select(item => item.TryGetByte(out var number) ? number : (byte)'?')]),
        _ => null,
    };

    private static DateTime? Moment(JsonElement entry, string name) =>
        long.TryParse(Text(entry, name), NumberStyles.None, CultureInfo.InvariantCulture, out var microseconds) && microseconds < 250_000_000_000_000_000
            ? DateTime.UnixEpoch.AddTicks(microseconds * TicksOfMicrosecond)
            : null;
}
