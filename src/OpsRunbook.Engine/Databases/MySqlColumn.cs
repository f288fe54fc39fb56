using System.Globalization;

namespace OpsRunbook.Engine.Databases;

/// <summary>
/// What the client says of a column. A value whose type .NET has becomes that, everything else stays text: <c>0000-00-00</c>, a
/// decimal of more digits than <see cref="decimal"/> has.
/// </summary>
/// <param name="Type">Name of the type: https://github.com/MariaDB/server/blob/10.11/client/mysql.cc, <c>fieldtype2str</c>.</param>
/// <param name="IsBinary">Its values are bytes, not text.</param>
/// <param name="IsUnsigned">It has no negative numbers.</param>
internal sealed record MySqlColumn(string Type, bool IsBinary, bool IsUnsigned)
{
    private const int DecimalDigits = 28;
    private const string HexPrefix = "0x";
    private static readonly string[] DateForms = ["yyyy-MM-dd", "yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd HH:mm:ss.FFFFFF"];

    /// <summary>A value.</summary>
    /// <param name="text">Its text; null for NULL.</param>
    /// <returns>The value.</returns>
    public object? Value(string? text) => Type switch
    {
        _ when text is null => null,
        "TINY" or "SHORT" or "INT24" or "LONG" or "YEAR" when int.TryParse(text, CultureInfo.InvariantCulture, out var number) && !(IsUnsigned && Type == "LONG") => number,
        "LONG" or "LONGLONG" when !(IsUnsigned && Type == "LONGLONG") && long.TryParse(text, CultureInfo.InvariantCulture, out var number) => number,
        "LONGLONG" when ulong.TryParse(text, CultureInfo.InvariantCulture, out var number) => number,
        "DECIMAL" or "NEWDECIMAL" when text.Count(char.IsAsciiDigit) <= DecimalDigits && decimal.TryParse(text, NumberStyles.Number, CultureInfo.InvariantCulture, out var number) => number,
        "FLOAT" when float.TryParse(text, CultureInfo.InvariantCulture, out var number) => number,
        "DOUBLE" when double.TryParse(text, CultureInfo.InvariantCulture, out var number) => number,
        "DATE" or "NEWDATE" or "DATETIME" or "TIMESTAMP" when DateTime.TryParseExact(text, DateForms, CultureInfo.InvariantCulture, DateTimeStyles.None, out var moment) => moment,
        "TIME" when Time(text) is { } time => time,
        "BIT" when Bytes(text) is { Length: <= sizeof(ulong) } bytes => bytes.Aggregate(0UL, (sum, next) => (sum << 8) | next),
        "STRING" or "VAR_STRING" or "TINY_BLOB" or "MEDIUM_BLOB" or "LONG_BLOB" or "BLOB" or "GEOMETRY" when IsBinary && Bytes(text) is { } bytes => bytes,
        _ => text,
    };

    private static byte[]? Bytes(string text)
    {
        try
        {
            return text.StartsWith(HexPrefix, StringComparison.Ordinal) ? Convert.FromHexString(text.AsSpan(HexPrefix.Length)) : null;
        }
        catch (FormatException)
        {
            // A client that does not know how to write bytes.
            return null;
        }
    }

    // "-838:59:59.000001": hours go beyond a day.
    private static TimeSpan? Time(string text)
    {
        var parts = text.TrimStart('-').Split(':');
        return parts.Length == 3
            && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var hours)
            && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var minutes)
            && decimal.TryParse(parts[2], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds)
                ? (text[0] == '-' ? -1 : 1) * (new TimeSpan(hours, minutes, 0) + TimeSpan.FromTicks((long)(seconds * TimeSpan.TicksPerSecond)))
                : null;
    }
}
