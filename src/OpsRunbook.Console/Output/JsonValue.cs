using System.Collections;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace OpsRunbook.ConsoleRunner.Output;

/// <summary>
/// Writes any result as JSON: property names as on the object, enums by name, times in UTC with Z,
/// durations as <c>[-][d.]hh:mm:ss[.fffffff]</c>, numbers that JSON does not know as null.
/// </summary>
internal static class JsonValue
{
    private const int DeepestLevel = 32;

    /// <summary>Writes a value.</summary>
    /// <param name="json">Takes it.</param>
    /// <param name="value">The value.</param>
    /// <param name="level">How deep it lies.</param>
    public static void Write(Utf8JsonWriter json, object? value, int level = 0)
    {
        switch (value)
        {
            case null:
                json.WriteNullValue();
                break;
            case bool flag:
                json.WriteBooleanValue(flag);
                break;
            case string text:
                json.WriteStringValue(WellFormed(text));
                break;
            case Enum name:
                json.WriteStringValue(name.ToString());
                break;
            case double number:
                WriteNumber(json, number);
                break;
            case float number:
                WriteNumber(json, number);
                break;
            case decimal number:
                json.WriteNumberValue(number);
                break;
            case ulong number:
                json.WriteNumberValue(number);
                break;
            case byte or sbyte or short or ushort or int or uint or long:
                json.WriteNumberValue(Convert.ToInt64(value, CultureInfo.InvariantCulture));
                break;
            case DateTime moment:
                json.WriteStringValue(Moment(moment));
                break;
            case DateTimeOffset moment:
                json.WriteStringValue(Moment(moment.UtcDateTime));
                break;
            case TimeSpan duration:
                json.WriteStringValue(duration.ToString("c", CultureInfo.InvariantCulture));
                break;
            case byte[] bytes:
                json.WriteBase64StringValue(bytes);
                break;
            case Exception error:
                json.WriteStringValue(WellFormed(error.Message));
                break;
            case IDictionary table:
                WriteTable(json, table, level);
                break;
            case IEnumerable list:
                json.WriteStartArray();
                foreach (var item in list)
                {
                    Write(json, item, level + 1);
                }

                json.WriteEndArray();
                break;
            default:
                WriteObject(json, value, level);
                break;
        }
    }

    /// <summary>A moment in ISO 8601, UTC.</summary>
    /// <param name="moment">Local or UTC; one that does not say is UTC.</param>
    /// <returns>With fractions of a second only where there are some.</returns>
    public static string Moment(DateTime moment) =>
        (moment.Kind == DateTimeKind.Local ? moment.ToUniversalTime() : moment).ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);

    private static void WriteNumber(Utf8JsonWriter json, double number)
    {
        if (double.IsFinite(number))
        {
            json.WriteNumberValue(number);
        }
        else
        {
            json.WriteNullValue();
        }
    }

    private static void WriteTable(Utf8JsonWriter json, IDictionary table, int level)
    {
        json.WriteStartObject();
        foreach (DictionaryEntry entry in table)
        {
            json.WritePropertyName(WellFormed(Convert.ToString(entry.Key, CultureInfo.InvariantCulture) ?? string.Empty));
            Write(json, entry.Value, level + 1);
        }

        json.WriteEndObject();
    }

    private static void WriteObject(Utf8JsonWriter json, object value, int level)
    {
        // Types of ours are data; a type of somebody else's (Uri, IPAddress, Version…) reads best as its text.
        var properties = value.GetType().Assembly == typeof(object).Assembly || value.GetType().Namespace?.StartsWith("System", StringComparison.Ordinal) == true
            ? []
            : ResultProperties.Of(value.GetType());
        if ((properties.Count == 0 && value is not DbRow) || level >= DeepestLevel)
        {
            json.WriteStringValue(WellFormed(Convert.ToString(value, CultureInfo.InvariantCulture) ?? string.Empty));
            return;
        }

        json.WriteStartObject();
        foreach (var (name, part) in ResultProperties.Values(value))
        {
            json.WritePropertyName(WellFormed(name));
            Write(json, part, level + 1);
        }

        json.WriteEndObject();
    }

    // Half a surrogate pair, as cut-off text may hold, is no valid UTF-8 and would be refused.
    private static string WellFormed(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsSurrogate(text[i]) && (i + 1 >= text.Length || !char.IsSurrogatePair(text[i], text[i + 1])))
            {
                return Encoding.Unicode.GetString(Encoding.Unicode.GetBytes(text));
            }

            i += char.IsSurrogate(text[i]) ? 1 : 0;
        }

        return text;
    }
}
