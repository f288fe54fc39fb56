using System.Globalization;
using System.Text.RegularExpressions;

namespace OpsRunbook.Engine.Health;

/// <summary>
/// What a value must be: text, text with <c>*</c>, <c>/regex/</c> or <c>/regex/i</c>, or a comparison such
/// as <c>&lt; 100</c>, <c>&gt;= 1</c>, <c>!= error</c>.
/// </summary>
public sealed partial class ValueExpectation
{
    private static readonly TimeSpan RegexTimeout = TimeSpan.FromMilliseconds(250);

    private readonly string _text;
    private readonly Func<string, bool> _matches;

    private ValueExpectation(string text, Func<string, bool> matches)
    {
        _text = text;
        _matches = matches;
    }

    /// <summary>Reads an expectation.</summary>
    /// <param name="text">As written in the stack file.</param>
    /// <returns>The expectation.</returns>
    /// <exception cref="OpsException"><c>Health.ConditionInvalid</c>.</exception>
    public static ValueExpectation Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (RegexPattern().Match(text) is { Success: true } regex)
        {
            var pattern = Compile(regex.Groups[1].Value, regex.Groups[2].Length > 0 ? RegexOptions.IgnoreCase : RegexOptions.None);
            return new ValueExpectation(text, value => IsMatch(pattern, value));
        }

        if (ComparisonPattern().Match(text) is { Success: true } comparison)
        {
            return Comparison(text, comparison.Groups[1].Value, comparison.Groups[2].Value);
        }

        if (text.Contains('*', StringComparison.Ordinal))
        {
            var pattern = Compile("^" + Regex.Escape(text).Replace("\\*", ".*", StringComparison.Ordinal) + "\\z", RegexOptions.Singleline);
            return new ValueExpectation(text, value => IsMatch(pattern, value));
        }

        return new ValueExpectation(text, value => AreEqual(value, text));
    }

    /// <summary>Compares a value.</summary>
    /// <param name="value">Text, or the text of a JSON number, <c>true</c>, <c>false</c> or <c>null</c>.</param>
    /// <returns>True when it is what is expected.</returns>
    public bool Matches(string value) => _matches(value);

    /// <summary>The expectation as words of a message.</summary>
    /// <returns>For example <c>"ok"</c> or <c>&lt; 100</c>.</returns>
    public override string ToString() => ComparisonPattern().IsMatch(_text) || RegexPattern().IsMatch(_text) ? _text : $"\"{_text}\"";

    private static ValueExpectation Comparison(string text, string sign, string operand)
    {
        if (sign is "=" or "==")
        {
            return new ValueExpectation(text, value => AreEqual(value, operand));
        }

        if (sign == "!=")
        {
            return new ValueExpectation(text, value => !AreEqual(value, operand));
        }

        if (!TryNumber(operand, out var limit))
        {
            throw Invalid(text, $"'{operand}' is not a number.");
        }

        Func<double, bool> compare = sign switch
        {
            "<" => number => number < limit,
            "<=" => number => number <= limit,
            ">" => number => number > limit,
            _ => number => number >= limit,
        };
        return new ValueExpectation(text, value => TryNumber(value, out var number) && compare(number));
    }

    // "200" and 200.0 are the same number; YAML writes True for what JSON calls true.
    private static bool AreEqual(string value, string expected) =>
        value == expected
        || (TryNumber(value, out var number) && TryNumber(expected, out var other) && number.Equals(other))
        || (bool.TryParse(value, out var flag) && bool.TryParse(expected, out var otherFlag) && flag == otherFlag);

    private static bool TryNumber(string text, out double number) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out number) && double.IsFinite(number);

    private static Regex Compile(string pattern, RegexOptions options)
    {
        options |= RegexOptions.CultureInvariant;
        try
        {
            return new Regex(pattern, options | RegexOptions.NonBacktracking, RegexTimeout);
        }
        catch (NotSupportedException)
        {
            // Lookarounds and backreferences need backtracking, which the timeout bounds.
            return new Regex(pattern, options, RegexTimeout);
        }
        catch (ArgumentException error)
        {
            throw Invalid($"/{pattern}/", error.Message);
        }
    }

    private static bool IsMatch(Regex pattern, string value)
    {
        try
        {
            return pattern.IsMatch(value);
        }
        catch (RegexMatchTimeoutException)
        {
            throw Invalid($"/{pattern}/", "It takes too long on this answer.");
        }
    }

    private static OpsException Invalid(string text, string cause) => new(
        "Health.ConditionInvalid",
        OpsErrorKind.InvalidData,
        $"'{text}' is not a condition on a value: {cause}",
        "Write text, text with *, /regex/, or a comparison such as '< 100'.",
        text);

    [GeneratedRegex(@"^/(.+)/(i?)\z", RegexOptions.Singleline | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex RegexPattern();

    [GeneratedRegex(@"^\s*(<=|>=|<|>|==|=|!=)\s*(\S.*?)\s*\z", RegexOptions.Singleline | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex ComparisonPattern();
}
