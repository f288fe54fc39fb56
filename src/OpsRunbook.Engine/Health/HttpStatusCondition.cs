using System.Globalization;
using System.Text.RegularExpressions;

namespace OpsRunbook.Engine.Health;

/// <summary>Which HTTP statuses are good: <c>200</c>, <c>2xx</c>, <c>200,204</c>, <c>200-399</c>.</summary>
public sealed partial class HttpStatusCondition
{
    private readonly (int First, int Last)[] _ranges;
    private readonly string _text;

    private HttpStatusCondition(string text, (int First, int Last)[] ranges)
    {
        _text = text;
        _ranges = ranges;
    }

    /// <summary>Success and redirects, which is good when a check says nothing else.</summary>
    public static HttpStatusCondition Default { get; } = Parse("200-399");

    /// <summary>
    /// Redirects are followed, unless the redirect itself is what is expected.
    /// </summary>
    public bool FollowsRedirects => Matches(200) || !Array.Exists(_ranges, range => range.First <= 399 && range.Last >= 300);

    /// <summary>Reads the condition.</summary>
    /// <param name="text">For example <c>200,204</c> or <c>2xx</c>.</param>
    /// <returns>The condition.</returns>
    /// <exception cref="OpsException"><c>Health.ConditionInvalid</c>.</exception>
    public static HttpStatusCondition Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var parts = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var ranges = parts.Select(ParsePart).ToArray();
        return ranges.Length > 0 ? new HttpStatusCondition(text.Trim(), ranges) : throw Invalid(text);
    }

    /// <summary>Says whether a status is good.</summary>
    /// <param name="status">The HTTP status.</param>
    /// <returns>True when it is.</returns>
    public bool Matches(int status) => Array.Exists(_ranges, range => status >= range.First && status <= range.Last);

    /// <inheritdoc/>
    public override string ToString() => _text;

    private static (int First, int Last) ParsePart(string part)
    {
        var match = Pattern().Match(part);
        if (!match.Success)
        {
            throw Invalid(part);
        }

        var first = int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture);
        if (match.Groups[2].Success)
        {
            return (first * 100, (first * 100) + 99);
        }

        var last = match.Groups[4].Success ? int.Parse(match.Groups[4].Value, CultureInfo.InvariantCulture) : int.Parse(part[..3], CultureInfo.InvariantCulture);
        first = int.Parse(part[..3], CultureInfo.InvariantCulture);
        return first <= last ? (first, last) : throw Invalid(part);
    }

    private static OpsException Invalid(string text) => new(
        "Health.ConditionInvalid",
        OpsErrorKind.InvalidData,
        $"'{text}' is not a condition on an HTTP status.",
        "Write for example 200, 2xx, 200,204 or 200-399.",
        text);

    [GeneratedRegex(@"^([1-5])(?:(xx)|([0-9]{2})(?:\s*-\s*([1-5][0-9]{2}))?)\z", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase, 1000)]
    private static partial Regex Pattern();
}
