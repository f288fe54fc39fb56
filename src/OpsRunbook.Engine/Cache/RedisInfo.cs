using System.Globalization;

namespace OpsRunbook.Engine.Cache;

/// <summary>What <c>INFO</c> says: names and values of all its sections.</summary>
internal sealed class RedisInfo
{
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);

    /// <summary>Reads sections.</summary>
    /// <param name="sections">Texts of <c>INFO</c>.</param>
    public RedisInfo(params IEnumerable<string> sections)
    {
        foreach (var line in sections.SelectMany(section => section.Split('\n')))
        {
            if (line.Split(':', 2) is [var name, var value])
            {
                _values[name] = value.TrimEnd('\r');
            }
        }
    }

    /// <summary>Names and values whose name begins so: <c>slave0</c>, <c>db3</c>.</summary>
    /// <param name="prefix">Letters that a number follows.</param>
    /// <returns>Number and value, in order.</returns>
    public IEnumerable<(int Number, string Value)> Numbered(string prefix) => _values
        .Where(pair => pair.Key.StartsWith(prefix, StringComparison.Ordinal) && int.TryParse(pair.Key.AsSpan(prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out _))
        .Select(pair => (int.Parse(pair.Key.AsSpan(prefix.Length), CultureInfo.InvariantCulture), pair.Value))
        .OrderBy(pair => pair.Item1);

    /// <summary>A value as text.</summary>
    /// <param name="name">Its name.</param>
    /// <returns>Null when the server does not say.</returns>
    public string? Text(string name) => _values.GetValueOrDefault(name);

    /// <summary>A whole number.</summary>
    /// <param name="name">Its name.</param>
    /// <returns>Null when the server does not say.</returns>
    public long? Number(string name) => long.TryParse(Text(name), NumberStyles.Integer, CultureInfo.InvariantCulture, out var value) ? value : null;

    /// <summary>A number with a fraction.</summary>
    /// <param name="name">Its name.</param>
    /// <returns>Null when the server does not say.</returns>
    public double? Fraction(string name) => double.TryParse(Text(name), NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : null;

    /// <summary>The fields of a value such as <c>keys=1,expires=0</c>.</summary>
    /// <param name="value">The value.</param>
    /// <returns>The fields by name.</returns>
    public static Dictionary<string, string> Fields(string value) => value
        .Split(',')
        .Select(field => field.Split('=', 2))
        .Where(field => field.Length == 2)
        .ToDictionary(field => field[0], field => field[1], StringComparer.Ordinal);
}
