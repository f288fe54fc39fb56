using System.Globalization;
using System.Reflection;
using OpsRunbook.Engine;

namespace OpsRunbook.ConsoleRunner.Binding;

/// <summary>Turns the text of an argument into the type of its parameter.</summary>
internal static class ValueConverter
{
    /// <summary>Converts the items of an argument.</summary>
    /// <param name="texts">One text, or the items of a list.</param>
    /// <param name="parameter">The parameter.</param>
    /// <returns>A value for its property.</returns>
    /// <exception cref="FormatException">A text does not fit.</exception>
    public static object? Convert(IReadOnlyList<string> texts, ParameterShape parameter)
    {
        if (!parameter.Type.IsArray)
        {
            return ConvertOne(texts[0], parameter.Type, parameter.IsSize);
        }

        var array = Array.CreateInstance(parameter.Type.GetElementType()!, texts.Count);
        for (var i = 0; i < texts.Count; i++)
        {
            array.SetValue(ConvertOne(texts[i], parameter.ElementType, parameter.IsSize), i);
        }

        return array;
    }

    /// <summary>Reads a switch or Boolean value: <c>$true</c>, <c>true</c>, <c>1</c> and their opposites.</summary>
    /// <param name="text">The text.</param>
    /// <returns>Null when it is neither.</returns>
    public static bool? Boolean(string text) => text.ToUpperInvariant() switch
    {
        "$TRUE" or "TRUE" or "1" => true,
        "$FALSE" or "FALSE" or "0" => false,
        _ => null,
    };

    private static object? ConvertOne(string text, Type type, bool isSize)
    {
        if (type == typeof(string) || type == typeof(object))
        {
            return text;
        }

        if (string.Equals(text, "$null", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        if (type.IsEnum)
        {
            return ConvertEnum(text, type);
        }

        if (type == typeof(bool))
        {
            return Boolean(text) ?? throw new FormatException($"'{text}' is neither $true nor $false.");
        }

        if (type == typeof(TimeSpan))
        {
            return Duration.Parse(text);
        }

        if (isSize)
        {
            return System.Convert.ChangeType(ByteSize.Parse(text), type, CultureInfo.InvariantCulture);
        }

        if (type == typeof(DateTime) || type == typeof(DateTimeOffset))
        {
            return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var moment)
                ? type == typeof(DateTime) ? moment.UtcDateTime : (object)moment
                : throw new FormatException($"'{text}' is not a date; write for example 2026-01-23T10:30:00Z (UTC unless an offset is given).");
        }

        if (type == typeof(Uri))
        {
            return Uri.TryCreate(text, UriKind.RelativeOrAbsolute, out var uri) ? uri : throw new FormatException($"'{text}' is not a URI.");
        }

        if (type.IsAssignableFrom(typeof(System.Collections.Hashtable)))
        {
            return HashtableLiteral.Parse(text);
        }

        return type.IsPrimitive || type == typeof(decimal) ? ConvertNumber(text, type) : ConvertByParse(text, type);
    }

    private static object ConvertNumber(string text, Type type)
    {
        try
        {
            return text.StartsWith("0x", StringComparison.OrdinalIgnoreCase) && type != typeof(double)
                ? System.Convert.ChangeType(long.Parse(text.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture), type, CultureInfo.InvariantCulture)
                : System.Convert.ChangeType(text, type, CultureInfo.InvariantCulture);
        }
        catch (Exception error) when (error is FormatException or OverflowException)
        {
            throw new FormatException($"'{text}' is not {(type == typeof(double) || type == typeof(decimal) ? "a number" : "a whole number in range")}.", error);
        }
    }

    private static object ConvertEnum(string text, Type type)
    {
        var names = Enum.GetNames(type);
        var exact = names.FirstOrDefault(name => string.Equals(name, text, StringComparison.OrdinalIgnoreCase));
        var prefixed = names.Where(name => text.Length > 0 && name.StartsWith(text, StringComparison.OrdinalIgnoreCase)).ToList();
        if ((exact ?? (prefixed.Count == 1 ? prefixed[0] : null)) is { } single)
        {
            return Enum.Parse(type, single);
        }

        if (type.IsDefined(typeof(FlagsAttribute)) && text.Contains(',', StringComparison.Ordinal))
        {
            return Enum.ToObject(
                type,
                ArgumentList.Split(text).Aggregate(0L, (flags, item) => flags | System.Convert.ToInt64(ConvertEnum(item, type), CultureInfo.InvariantCulture)));
        }

        throw new FormatException(OneOf(text, names));
    }

    /// <summary>The complaint about a text that is none of the possible values.</summary>
    public static string OneOf(string text, IReadOnlyList<string> known) =>
        $"'{text}' is not one of {string.Join(", ", known)}{(Nearest.Find(text, known) is { } nearest ? $"; did you mean {nearest}?" : ".")}";

    // What else a parameter may be (Version, IPAddress, Guid, Regex, FileInfo…) says itself how it is read from text.
    private static object ConvertByParse(string text, Type type)
    {
        var parse = type.GetMethod("Parse", BindingFlags.Public | BindingFlags.Static, [typeof(string)]);
        var constructor = parse is null ? type.GetConstructor([typeof(string)]) : null;
        try
        {
            return parse?.Invoke(null, [text]) ?? constructor?.Invoke([text])
                ?? throw new FormatException($"A value of type {type.Name} cannot be written on a command line; use the module in PowerShell, or give it on standard input.");
        }
        catch (TargetInvocationException error)
        {
            throw new FormatException($"'{text}' is not a {type.Name}: {error.InnerException?.Message}", error);
        }
    }
}
