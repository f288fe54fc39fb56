using System.Globalization;
using System.Text;

namespace OpsRunbook;

/// <summary>
/// How values look in tables. The format file calls these by name, and so does the console runner:
/// a table looks the same with and without PowerShell.
/// </summary>
public static class Display
{
    private const string Reset = "\u001b[0m";

    /// <summary>How long ago a moment was: <c>3d 4h</c>.</summary>
    /// <param name="moment">A <see cref="DateTime"/>, UTC; null gives nothing.</param>
    /// <returns>Text; nothing for a moment to come.</returns>
    public static string Age(object? moment) =>
        moment is DateTime value && DateTime.UtcNow - value is { Ticks: >= 0 } age ? Duration.Format(age) : string.Empty;

    /// <summary>A status in its colour (green, yellow, red, magenta). PowerShell and the console runner take the colour away where none is wanted.</summary>
    /// <param name="status">The status; null gives an empty cell.</param>
    /// <returns>The name between two ANSI colour sequences.</returns>
    public static string Status(object? status) => status switch
    {
        HealthStatus.Healthy => Colour("32", nameof(HealthStatus.Healthy)),
        HealthStatus.Warning => Colour("33", nameof(HealthStatus.Warning)),
        HealthStatus.Critical => Colour("31", nameof(HealthStatus.Critical)),
        HealthStatus.Unknown => Colour("35", nameof(HealthStatus.Unknown)),
        _ => Text(status),
    };

    /// <summary>A <see cref="TimeSpan"/> in short form (<c>12ms</c>, <c>3d 4h</c>); null gives an empty cell.</summary>
    /// <param name="duration">The duration.</param>
    /// <returns>Short text.</returns>
    public static string Time(object? duration) => duration is TimeSpan value ? Duration.Format(value) : Text(duration);

    /// <summary>A number of bytes in short form (<c>1.5 GB</c>); null gives an empty cell.</summary>
    /// <param name="bytes">A whole number of bytes.</param>
    /// <returns>Short text.</returns>
    public static string Size(object? bytes) =>
        bytes is null ? string.Empty : ByteSize.Format(Convert.ToInt64(bytes, CultureInfo.InvariantCulture));

    /// <summary>A percentage with at most one decimal (<c>12.5%</c>); null gives an empty cell.</summary>
    /// <param name="percent">0 to 100.</param>
    /// <returns>Short text.</returns>
    public static string Percent(object? percent) =>
        percent is null ? string.Empty : string.Create(CultureInfo.InvariantCulture, $"{Convert.ToDouble(percent, CultureInfo.InvariantCulture):0.#}%");

    /// <summary>A UTC moment as <c>2026-01-23 10:30:00Z</c>; null gives an empty cell.</summary>
    /// <param name="moment">A <see cref="DateTime"/> in UTC.</param>
    /// <returns>Short text.</returns>
    public static string Moment(object? moment) =>
        moment is DateTime value ? value.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture) : Text(moment);

    /// <summary>How many items a list or dictionary has; nothing gives an empty cell.</summary>
    /// <param name="items">The items.</param>
    /// <returns>The number.</returns>
    public static string Count(object? items) => items is System.Collections.ICollection list ? list.Count.ToString(CultureInfo.InvariantCulture) : string.Empty;

    /// <summary>A list on one line, its items separated by a comma and a space.</summary>
    /// <param name="items">The items; null gives an empty cell.</param>
    /// <returns>One line.</returns>
    public static string List(object? items) => items is System.Collections.IEnumerable list and not string
        ? string.Join(", ", list.Cast<object?>().Select(Text))
        : Text(items);

    /// <summary>A number with at most four decimals, without exponent unless it is very large or very small; null gives an empty cell.</summary>
    /// <param name="number">Any number.</param>
    /// <returns>Short text.</returns>
    public static string Number(object? number)
    {
        if (number is null)
        {
            return string.Empty;
        }

        var value = Convert.ToDouble(number, CultureInfo.InvariantCulture);
        var format = Math.Abs(value) is 0 or (>= 0.0001 and < 1e15) || !double.IsFinite(value) ? "0.####" : "0.###e+0";
        return value.ToString(format, CultureInfo.InvariantCulture);
    }

    /// <summary>Names with values on one line: <c>method=get, code=200</c>.</summary>
    /// <param name="labels">The pairs; null gives an empty cell.</param>
    /// <returns>One line.</returns>
    public static string Labels(object? labels) => labels is IEnumerable<KeyValuePair<string, string>> pairs
        ? string.Join(", ", pairs.Select(pair => Text($"{pair.Key}={pair.Value}")))
        : Text(labels);

    /// <summary>
    /// Text that came from another system, made harmless for a terminal: control characters, escape
    /// sequences and characters that reorder the line are shown as visible pictures or escapes, on one line.
    /// </summary>
    /// <param name="value">Anything; null gives an empty string.</param>
    /// <returns>Text without control characters.</returns>
    public static string Text(object? value)
    {
        var text = Convert.ToString(value, CultureInfo.InvariantCulture) ?? string.Empty;
        if (!text.AsSpan().ContainsAnyExceptInRange(' ', '~'))
        {
            return text;
        }

        var safe = new StringBuilder(text.Length + 8);
        foreach (var rune in text.EnumerateRunes())
        {
            _ = rune.Value switch
            {
                '\n' or '\r' or '\t' => safe.Append(' '),
                < 0x20 => safe.Append((char)(0x2400 + rune.Value)),
                0x7f => safe.Append('\u2421'),
                (>= 0x80 and < 0xa0) or (>= 0x200b and <= 0x200f) or (>= 0x2028 and <= 0x202e) or (>= 0x2066 and <= 0x2069) or 0xfeff =>
                    safe.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}"),
                _ => safe.Append(rune.ToString()),
            };
        }

        return safe.ToString();
    }

    private static string Colour(string code, string text) => $"\u001b[{code}m{text}{Reset}";
}
