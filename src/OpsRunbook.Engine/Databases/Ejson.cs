using System.Globalization;
using System.Text.Json;

namespace OpsRunbook.Engine.Databases;

/// <summary>Reads relaxed Extended JSON, as <c>mongosh</c> writes the answers of a server. What is missing or of another type is null.</summary>
internal static class Ejson
{
    /// <summary>A member of a document.</summary>
    public static JsonElement? Member(this JsonElement document, string name) =>
        document.ValueKind == JsonValueKind.Object && document.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    /// <summary>A member of a member.</summary>
    public static JsonElement? Member(this JsonElement document, string name, string inner) => document.Member(name)?.Member(inner);

    /// <summary>A text.</summary>
    public static string? Text(this JsonElement document, string name) => document.Member(name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;

    /// <summary>A truth.</summary>
    public static bool Flag(this JsonElement document, string name) => document.Member(name) is { ValueKind: JsonValueKind.True };

    /// <summary>A whole number, whatever type of number the server gave it.</summary>
    public static long? Number(this JsonElement document, string name) => document.Member(name) is { } value ? Number(value) : null;

    /// <summary>A whole number.</summary>
    public static long? Number(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Number => value.TryGetInt64(out var whole) ? whole : value.TryGetDouble(out var real) && Math.Abs(real) < long.MaxValue ? (long)real : null,
        JsonValueKind.Object => long.TryParse(value.Text("$numberLong"), CultureInfo.InvariantCulture, out var named) ? named : null,
        _ => null,
    };

    /// <summary>A moment, UTC.</summary>
    public static DateTime? Moment(this JsonElement document, string name) => document.Member(name) is not { } value ? null
        : value.ValueKind == JsonValueKind.String ? Parse(value.GetString())
        : value.Member("$date") is not { } date ? null
        : date.ValueKind == JsonValueKind.String ? Parse(date.GetString())
        : Number(date) is { } milliseconds ? DateTime.UnixEpoch.AddMilliseconds(milliseconds)
        : null;

    /// <summary>The members of a list; none for what is no list.</summary>
    public static IEnumerable<JsonElement> Items(this JsonElement document, string name) =>
        document.Member(name) is { ValueKind: JsonValueKind.Array } list ? list.EnumerateArray() : [];

    private static DateTime? Parse(string? text) =>
        DateTime.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var moment) ? moment : null;
}
