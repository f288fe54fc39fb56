using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace OpsRunbook.Engine.State;

/// <summary>A record of the journal as one line of JSON.</summary>
internal static class JournalFormat
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter() },

        // Control characters are escaped all the same, so a record can never become two lines.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static byte[] Write(JournalRecord record) => JsonSerializer.SerializeToUtf8Bytes(record, Options);

    /// <summary>Reads a record.</summary>
    /// <param name="line">The line.</param>
    /// <returns>The record; null when it is none.</returns>
    public static JournalRecord? Read(string line)
    {
        try
        {
            return JsonSerializer.Deserialize<JournalRecord>(line, Options);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
