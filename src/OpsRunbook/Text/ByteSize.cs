using System.Globalization;
using System.Text.RegularExpressions;

namespace OpsRunbook;

/// <summary>Sizes as operators write them: <c>500MB</c>, <c>2G</c>, <c>64KiB</c>. Units are powers of 1024, as in PowerShell.</summary>
public static partial class ByteSize
{
    private static readonly string[] Units = ["B", "KB", "MB", "GB", "TB", "PB", "EB"];

    /// <summary>Reads a size.</summary>
    /// <param name="text">For example <c>500MB</c>; a bare number means bytes.</param>
    /// <param name="bytes">The size in bytes.</param>
    /// <returns>False when the text is not a size or is out of range.</returns>
    public static bool TryParse(string? text, out long bytes)
    {
        bytes = 0;
        var match = Pattern().Match(text?.Trim() ?? string.Empty);
        if (!match.Success)
        {
            return false;
        }

        var exponent = match.Groups[2].Length == 0 ? 0 : "BKMGTPE".IndexOf(match.Groups[2].Value[..1], StringComparison.OrdinalIgnoreCase);
        var value = double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) * Math.Pow(1024, exponent);
        if (value > long.MaxValue)
        {
            return false;
        }

        bytes = (long)Math.Round(value);
        return true;
    }

    /// <summary>Reads a size.</summary>
    /// <param name="text">For example <c>500MB</c>.</param>
    /// <returns>The size in bytes.</returns>
    /// <exception cref="FormatException">The text is not a size.</exception>
    public static long Parse(string text) => TryParse(text, out var bytes)
        ? bytes
        : throw new FormatException($"'{text}' is not a size; write for example 500MB, 2GB or 65536.");

    /// <summary>Writes a size in the largest unit that leaves at least one whole: <c>1.5 GB</c>.</summary>
    /// <param name="bytes">The size in bytes.</param>
    /// <returns>Text of at most nine characters.</returns>
    public static string Format(long bytes)
    {
        var value = (double)bytes;
        var unit = 0;
        while (Math.Abs(value) >= 1023.95 && unit < Units.Length - 1)
        {
            value /= 1024;
            unit++;
        }

        return unit == 0 ? $"{bytes} B" : string.Create(CultureInfo.InvariantCulture, $"{value:0.0} {Units[unit]}");
    }

    [GeneratedRegex("^([0-9]+(?:\\.[0-9]+)?)\\s*(|B|[KMGTPE]i?B?)$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Pattern();
}
