using System.Collections;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace OpsRunbook.ConsoleRunner.Binding;

/// <summary>Turns JSON of the pipeline into the type that a parameter takes.</summary>
internal static class PipelineItem
{
    private static readonly Lazy<JsonSerializerOptions> Options = new(static () => new JsonSerializerOptions
    {
        PropertyNameCaseInsensitive = true,
        Converters = { new JsonStringEnumConverter() },
    });

    /// <summary>Converts a value.</summary>
    /// <param name="value">The JSON.</param>
    /// <param name="parameter">The parameter that takes it.</param>
    /// <returns>A value for the parameter's property.</returns>
    /// <exception cref="FormatException">The value does not fit.</exception>
    public static object? Convert(JsonElement value, ParameterShape parameter)
    {
        if (value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        if (parameter.IsSwitch)
        {
            return value.ValueKind is JsonValueKind.True or JsonValueKind.False
                ? value.GetBoolean()
                : throw new FormatException($"'{value}' is neither true nor false.");
        }

        if (!parameter.Type.IsArray)
        {
            return ConvertOne(value, parameter, parameter.Type);
        }

        var items = value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : new[] { value };
        var array = Array.CreateInstance(parameter.Type.GetElementType()!, items.Length);
        for (var i = 0; i < items.Length; i++)
        {
            array.SetValue(ConvertOne(items[i], parameter, parameter.ElementType), i);
        }

        return array;
    }

    private static object? ConvertOne(JsonElement value, ParameterShape parameter, Type type)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Null:
                return null;
            case JsonValueKind.Object or JsonValueKind.Array:
                return ConvertObject(value, type);
            case JsonValueKind.String:
                return FromText(value.GetString()!, parameter);
            case JsonValueKind.True or JsonValueKind.False when type == typeof(object):
                return value.GetBoolean();
            case JsonValueKind.Number when type == typeof(object):
                return value.TryGetInt64(out var whole) ? whole : value.GetDouble();
            default:
                return FromText(value.GetRawText(), parameter);
        }
    }

    private static object? FromText(string text, ParameterShape parameter)
    {
        var converted = ValueConverter.Convert([text], parameter);
        return converted is Array { Length: 1 } array ? array.GetValue(0) : converted;
    }

    private static object? ConvertObject(JsonElement value, Type type)
    {
        if (type.IsAssignableFrom(typeof(Hashtable)))
        {
            // A parameter that takes any object gets back the type that the other run wrote.
            return type == typeof(object) && value.ValueKind == JsonValueKind.Object && PublicTypeOf(value) is { } known
                ? Deserialize(value, known)
                : ToPlain(value);
        }

        if (type == typeof(string))
        {
            throw new FormatException("An object or a list stands where a text is expected.");
        }

        return Deserialize(value, type);
    }

    private static object? Deserialize(JsonElement value, Type type)
    {
        try
        {
            return value.Deserialize(type, Options.Value);
        }
        catch (Exception error) when (error is JsonException or NotSupportedException)
        {
            throw new FormatException($"The object is not a {type.Name}: {error.Message}", error);
        }
    }

    private static Type? PublicTypeOf(JsonElement value)
    {
        var names = value.EnumerateObject().Select(property => property.Name).Order(StringComparer.Ordinal).ToList();
        return Array.Find(
            typeof(HealthStatus).Assembly.GetExportedTypes(),
            type => type is { IsClass: true, IsAbstract: false }
                && Output.ResultProperties.Of(type).Select(property => property.Name).Order(StringComparer.Ordinal).SequenceEqual(names));
    }

    private static object? ToPlain(JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                var table = new Hashtable(StringComparer.OrdinalIgnoreCase);
                foreach (var property in value.EnumerateObject())
                {
                    table[property.Name] = ToPlain(property.Value);
                }

                return table;
            case JsonValueKind.Array:
                return value.EnumerateArray().Select(ToPlain).ToArray();
            case JsonValueKind.Number:
                return value.TryGetInt64(out var whole) ? whole : value.GetDouble();
            case JsonValueKind.True or JsonValueKind.False:
                return value.GetBoolean();
            case JsonValueKind.Null:
                return null;
            default:
                return value.ToString();
        }
    }
}
