using System.Globalization;

namespace OpsRunbook.Engine.Databases;

/// <summary>
/// Values of PostgreSQL from the text that the server makes of them: what .NET has a type for becomes that, everything else stays text.
/// The text form never fails, whatever types extensions bring.
/// </summary>
internal static class PostgreSqlText
{
    private const int DecimalDigits = 28;

    /// <summary>A value.</summary>
    /// <param name="type">Object id of its type: https://github.com/postgres/postgres/blob/REL_15_STABLE/src/include/catalog/pg_type.dat.</param>
    /// <param name="text">Its text in ISO style.</param>
    /// <returns>The value.</returns>
    public static object Value(uint type, string text) => type switch
    {
        16 => text == "t",
        20 => long.Parse(text, CultureInfo.InvariantCulture),
        21 or 23 => int.Parse(text, CultureInfo.InvariantCulture),
        26 => long.Parse(text, CultureInfo.InvariantCulture),
        700 => float.Parse(text, CultureInfo.InvariantCulture),
        701 => double.Parse(text, CultureInfo.InvariantCulture),
        1700 when text.Count(char.IsAsciiDigit) <= DecimalDigits && decimal.TryParse(text, NumberStyles.Number, CultureInfo.InvariantCulture, out var number) => number,
        17 when text.StartsWith("\\x", StringComparison.Ordinal) => Convert.FromHexString(text.AsSpan(2)),
        1082 or 1114 when DateTime.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.None, out var moment) => moment,
        1184 when DateTime.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal | DateTimeStyles.AssumeUniversal, out var moment) => moment,
        1186 when Interval(text) is { } interval => interval,
        2950 when Guid.TryParse(text, out var id) => id,
        _ => text,
    };

    // "-1 days +02:03:04.5"; months and years have no fixed length.
    private static TimeSpan? Interval(string text)
    {
        var words = text.Split(' ');
        var days = 0;
        if (words.Length >= 2 && words[1] is "day" or "days")
        {
            if (!int.TryParse(words[0], CultureInfo.InvariantCulture, out days))
            {
                return null;
            }

            words = words[2..];
        }

        if (words.Length == 0)
        {
            return TimeSpan.FromDays(days);
        }

        var clock = words[0].TrimStart('+', '-').Split(':');
        return words.Length == 1 && clock.Length == 3
            && int.TryParse(clock[0], CultureInfo.InvariantCulture, out var hours)
            && int.TryParse(clock[1], CultureInfo.InvariantCulture, out var minutes)
            && decimal.TryParse(clock[2], NumberStyles.Number, CultureInfo.InvariantCulture, out var seconds)
                ? TimeSpan.FromDays(days) + ((words[0][0] == '-' ? -1 : 1) * (new TimeSpan(hours, minutes, 0) + TimeSpan.FromTicks((long)(seconds * TimeSpan.TicksPerSecond))))
                : null;
    }
}
