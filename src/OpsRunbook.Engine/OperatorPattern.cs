using System.Text.RegularExpressions;

namespace OpsRunbook.Engine;

/// <summary>A regular expression that an operator gave. It cannot hang: it runs without backtracking, or else with a time limit for each text.</summary>
internal sealed class OperatorPattern
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private readonly Regex _regex;
    private readonly string _area;
    private readonly string _parameter;
    private readonly string _unit;

    private OperatorPattern(Regex regex, string area, string parameter, string unit) => (_regex, _area, _parameter, _unit) = (regex, area, parameter, unit);

    /// <summary>An expression for records of logs. <c>^</c> and <c>$</c> fit at every line of a record.</summary>
    /// <param name="pattern">The expression.</param>
    /// <param name="caseSensitive">Capital letters count.</param>
    /// <param name="parameter">Name of the parameter it was given to.</param>
    /// <returns>The pattern.</returns>
    /// <exception cref="OpsException"><c>Log.PatternInvalid</c>.</exception>
    public static OperatorPattern ForRecords(string pattern, bool caseSensitive, string parameter) =>
        Create(pattern, RegexOptions.Multiline | (caseSensitive ? RegexOptions.None : RegexOptions.IgnoreCase), "Log", parameter, "record");

    /// <summary>An expression for statements, given with -Match. A dot fits line ends too.</summary>
    /// <param name="pattern">The expression.</param>
    /// <returns>The pattern.</returns>
    /// <exception cref="OpsException"><c>Db.PatternInvalid</c>.</exception>
    public static OperatorPattern ForStatements(string pattern) => Create(pattern, RegexOptions.Singleline | RegexOptions.IgnoreCase, "Db", "Match", "statement");

    /// <summary>The text contains the pattern.</summary>
    /// <param name="text">A record or statement.</param>
    /// <returns>True when it does.</returns>
    /// <exception cref="OpsException"><c>Log.PatternTooSlow</c>, <c>Db.PatternTooSlow</c>.</exception>
    public bool IsMatch(ReadOnlySpan<char> text)
    {
        try
        {
            return _regex.IsMatch(text);
        }
        catch (RegexMatchTimeoutException error)
        {
            throw new OpsException(
                _area + ".PatternTooSlow",
                OpsErrorKind.Timeout,
                $"-{_parameter} '{_regex}' needed more than {Duration.Format(Patience)} for one {_unit}, because it tries the same text over and over.",
                "Avoid a repetition inside a repetition such as (a+)+, and lookarounds and backreferences, which need this slow way of matching.",
                _regex.ToString(),
                error);
        }
    }

    private static OperatorPattern Create(string pattern, RegexOptions options, string area, string parameter, string unit)
    {
        options |= RegexOptions.CultureInvariant;
        try
        {
            try
            {
                return new OperatorPattern(new Regex(pattern, options | RegexOptions.NonBacktracking, Patience), area, parameter, unit);
            }
            catch (NotSupportedException)
            {
                // Lookarounds, backreferences and the like need backtracking.
                return new OperatorPattern(new Regex(pattern, options, Patience), area, parameter, unit);
            }
        }
        catch (ArgumentException error)
        {
            throw new OpsException(
                area + ".PatternInvalid",
                OpsErrorKind.InvalidArgument,
                $"-{parameter} '{pattern}' is not a regular expression: {error.Message}",
                "Put a backslash before characters such as ( [ * ? + that are meant as they stand.",
                pattern,
                error);
        }
    }
}
