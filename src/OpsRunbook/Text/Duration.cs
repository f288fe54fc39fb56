using System.Globalization;
using System.Text.RegularExpressions;

namespace OpsRunbook;

/// <summary>Durations as operators write them: <c>500ms</c>, <c>30s</c>, <c>10m</c>, <c>2h</c>, <c>7d</c>, <c>1h30m</c>, or <c>00:10:00</c>.</summary>
public static partial class Duration
{
    /// <summary>Reads a duration.</summary>
    /// <param name="text">For example <c>10m</c> or <c>1h30m</c>; a bare number means seconds.</param>
    /// <param name="value">The duration.</param>
    /// <returns>False when the text is not a duration or is out of range.</returns>
    public static bool TryParse(string? text, out TimeSpan value)
    {
        value = TimeSpan.Zero;
        text = text?.Trim();
        if (string.IsNullOrEmpty(text))
        {
            return false;
        }

        if (text.Contains(':', StringComparison.Ordinal))
        {
            return TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out value);
        }

        if (double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var bare))
        {
            return TryFromSeconds(bare, out value);
        }

        var match = Pattern().Match(text);
        if (!match.Success)
        {
            return false;
        }

        var seconds = 0.0;
        for (var i = 0; i < match.Groups[1].Captures.Count; i++)
        {
            seconds += double.Parse(match.Groups[2].Captures[i].Value, CultureInfo.InvariantCulture)
                * SecondsPer(match.Groups[3].Captures[i].Value);
        }

        return TryFromSeconds(seconds, out value);
    }

    /// <summary>Reads a duration.</summary>
    /// <param name="text">For example <c>10m</c>.</param>
    /// <returns>The duration.</returns>
    /// <exception cref="FormatException">The text is not a duration.</exception>
    public static TimeSpan Parse(string text) => TryParse(text, out var value)
        ? value
        : throw new FormatException($"'{text}' is not a duration; write for example 500ms, 30s, 10m, 2h or 7d.");

    /// <summary>Writes a duration in the largest unit that keeps it readable: <c>850ms</c>, <c>12s</c>, <c>5m 3s</c>, <c>3d 4h</c>.</summary>
    /// <param name="value">The duration.</param>
    /// <returns>Text of at most ten characters or so.</returns>
    public static string Format(TimeSpan value)
    {
        var sign = value < TimeSpan.Zero ? "-" : string.Empty;
        value = value.Duration();
        return sign + value switch
        {
            { TotalMilliseconds: < 1 } => value == TimeSpan.Zero ? "0s" : $"{value.TotalMilliseconds:0.0#}ms",
            { TotalSeconds: < 1 } => $"{value.TotalMilliseconds:0}ms",
            { TotalSeconds: < 10 } => $"{value.TotalSeconds:0.##}s",
            { TotalMinutes: < 1 } => $"{value.TotalSeconds:0}s",
            { TotalHours: < 1 } => Pair(value.Minutes, "m", value.Seconds, "s"),
            { TotalDays: < 1 } => Pair(value.Hours, "h", value.Minutes, "m"),
            _ => Pair(value.Days, "d", value.Hours, "h"),
        };
    }

    private static string Pair(int major, string majorUnit, int minor, string minorUnit) =>
        minor == 0 ? $"{major}{majorUnit}" : $"{major}{majorUnit} {minor}{minorUnit}";

    private static double SecondsPer(string unit) => unit.ToLowerInvariant() switch
    {
        "ms" => 0.001,
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => 604_800,
    };

    private static bool TryFromSeconds(double seconds, out TimeSpan value)
    {
        value = TimeSpan.Zero;
        if (seconds > TimeSpan.MaxValue.TotalSeconds / 2)
        {
            return false;
        }

        value = TimeSpan.FromTicks((long)Math.Round(seconds * TimeSpan.TicksPerSecond));
        return true;
    }

    [GeneratedRegex(@"^(?:\s*(([0-9]+(?:\.[0-9]+)?)\s*(ms|s|m|h|d|w)))+$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Pattern();
}
