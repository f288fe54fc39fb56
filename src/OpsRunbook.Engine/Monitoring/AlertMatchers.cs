using System.Text.RegularExpressions;

namespace OpsRunbook.Engine.Monitoring;

/// <summary>Reads the conditions of a silence, and says what they fit.</summary>
public static partial class AlertMatchers
{
    // No label has this value: what fits it, fits everything.
    private const string Improbable = "0pS-\u2603-nothing-is-called-this";

    // Alertmanager's expressions cannot run for long; ours here must not either.
    private static readonly TimeSpan RegexLimit = TimeSpan.FromSeconds(1);

    /// <summary>Reads a condition.</summary>
    /// <param name="text">For example <c>alertname=HighCPU</c>, <c>instance=~"web.*"</c>, <c>severity!=page</c>, <c>job!~db.*</c>.</param>
    /// <returns>The condition.</returns>
    /// <exception cref="OpsException"><c>Alert.MatcherInvalid</c>.</exception>
    public static AlertMatcher Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var match = Form().Match(text);
        if (!match.Success)
        {
            throw Invalid(text, "it is not a label, one of = != =~ !~, and a value.");
        }

        var (sign, value) = (match.Groups["sign"].Value, match.Groups["value"].Value);
        if (value is ['"', .., '"'] && value.Length > 1)
        {
            value = Escape().Replace(value[1..^1], escape => escape.Value switch
            {
                @"\n" => "\n",
                var other => other[1..],
            });
        }

        var matcher = new AlertMatcher(match.Groups["name"].Value, value, sign is "=~" or "!~", sign is "=" or "=~");
        _ = Fits(matcher, string.Empty);
        return matcher;
    }

    /// <summary>Reads several conditions of one silence.</summary>
    /// <param name="text">Conditions as of <see cref="Parse"/>, separated by commas; a value that has a comma stands in quotes.</param>
    /// <returns>The conditions.</returns>
    /// <exception cref="OpsException"><c>Alert.MatcherInvalid</c>.</exception>
    public static IReadOnlyList<AlertMatcher> ParseAll(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return [.. Condition().Matches(text).Select(condition => condition.Value.Trim()).Where(condition => condition.Length > 0).Select(Parse)];
    }

    /// <summary>Conditions that just this alert meets: its name, and what tells it from others.</summary>
    /// <param name="labels">Labels of the alert.</param>
    /// <returns>A condition for each label.</returns>
    public static IReadOnlyList<AlertMatcher> Of(IReadOnlyDictionary<string, string> labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        return labels.OrderBy(label => label.Key, StringComparer.Ordinal).Select(label => new AlertMatcher(label.Key, label.Value)).ToList();
    }

    /// <summary>Refuses conditions that would mute everything.</summary>
    /// <param name="matchers">The conditions.</param>
    /// <exception cref="OpsException"><c>Alert.MatcherMissing</c>, <c>Alert.MatcherTooWide</c>.</exception>
    public static void RequireNarrow(IReadOnlyList<AlertMatcher> matchers)
    {
        ArgumentNullException.ThrowIfNull(matchers);
        if (matchers.Count == 0)
        {
            throw new OpsException(
                "Alert.MatcherMissing", OpsErrorKind.InvalidArgument, "A silence without a condition would mute every alert.", "Say what to mute: -Matcher alertname=HighCPUUsage, instance=web1.");
        }

        if (matchers.All(matcher => Fits(matcher, Improbable)))
        {
            throw new OpsException(
                "Alert.MatcherTooWide",
                OpsErrorKind.Refused,
                $"{string.Join(", ", matchers)} fits any alert and would mute everything.",
                "Name at least one label by its value, such as alertname=HighCPUUsage.");
        }
    }

    /// <summary>An alert with these labels is muted.</summary>
    /// <param name="matchers">The conditions.</param>
    /// <param name="labels">Labels of an alert.</param>
    /// <returns>True when all conditions are met.</returns>
    public static bool AllFit(IReadOnlyList<AlertMatcher> matchers, IReadOnlyDictionary<string, string> labels) =>
        matchers.All(matcher => Fits(matcher, labels.GetValueOrDefault(matcher.Name, string.Empty)));

    private static bool Fits(AlertMatcher matcher, string value)
    {
        try
        {
            var fits = matcher.IsRegex
                ? Regex.IsMatch(value, $"^(?:{matcher.Value})$", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | RegexOptions.Singleline, RegexLimit)
                : matcher.Value == value;
            return fits == matcher.IsEqual;
        }
        catch (Exception error) when (error is ArgumentException or NotSupportedException)
        {
            throw Invalid(matcher.ToString(), error.Message);
        }
    }

    private static OpsException Invalid(string text, string cause) => new(
        "Alert.MatcherInvalid", OpsErrorKind.InvalidArgument, $"'{text}' is not a condition: {cause}", "Write alertname=HighCPUUsage, instance=~\"web.*\", severity!=info or job!~\"db.*\".", text);

    [GeneratedRegex("""^\s*(?<name>[A-Za-z_][A-Za-z0-9_]*)\s*(?<sign>=~|!~|!=|=)\s*(?<value>.*?)\s*$""", RegexOptions.CultureInvariant | RegexOptions.Singleline, 1000)]
    private static partial Regex Form();

    [GeneratedRegex("(?:[^,\"]|\"(?:[^\"\\\\]|\\\\.)*\")+", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Condition();

    [GeneratedRegex(@"\\.", RegexOptions.CultureInvariant | RegexOptions.Singleline, 1000)]
    private static partial Regex Escape();
}
