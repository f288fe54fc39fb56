using System.Text.RegularExpressions;

namespace OpsRunbook.Engine.Logs;

/// <summary>A regular expression that an operator gave. It cannot hang: it runs without backtracking, or else with a time limit for each record.</summary>
internal sealed class LogPattern
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private readonly Regex _regex;
    private readonly string _parameter;

    private LogPattern(Regex regex, string parameter)
    {
        _regex = regex;
        _parameter = parameter;
    }

    /// <summary>The expression as given.</summary>
    public string Text => _regex.ToString();

    /// <summary>Prepares an expression. <c>^</c> and <c>$</c> fit at every line of a record.</summary>
    /// <param name="pattern">The expression.</param>
    /// <param name="caseSensitive">Capital letters count.</param>
    /// <param name="parameter">Name of the parameter it was given to.</param>
    /// <returns>The pattern.</returns>
    /// <exception cref="OpsException"><c>Log.PatternInvalid</c>.</exception>
    public static LogPattern Create(string pattern, bool caseSensitive, string parameter)
    {
        var options = RegexOptions.CultureInvariant | RegexOptions.Multiline | (caseSensitive ? RegexOptions.None : RegexOptions.IgnoreCase);
        try
        {
            try
            {
                return new LogPattern(new Regex(pattern, options | RegexOptions.NonBacktracking, Patience), parameter);
            }
            catch (NotSupportedException)
            {
                // Lookarounds, backreferences and the like need backtracking.
                return new LogPattern(new Regex(pattern, options, Patience), parameter);
            }
        }
        catch (ArgumentException error)
        {
            throw new OpsException(
                "Log.PatternInvalid",
                OpsErrorKind.InvalidArgument,
                $"-{parameter} '{pattern}' is not a regular expression: {error.Message}",
                "Put a backslash before characters such as ( [ * ? + that are meant as they stand.",
                pattern,
                error);
        }
    }

    /// <summary>The text contains the pattern.</summary>
    /// <param name="text">Text of a record.</param>
    /// <returns>True when it does.</returns>
    /// <exception cref="OpsException"><c>Log.PatternTooSlow</c>.</exception>
    public bool IsMatch(ReadOnlySpan<char> text)
    {
        try
        {
            return _regex.IsMatch(text);
        }
        catch (RegexMatchTimeoutException error)
        {
            throw new OpsException(
                "Log.PatternTooSlow",
                OpsErrorKind.Timeout,
                $"-{_parameter} '{Text}' needed more than {Duration.Format(Patience)} for one record, because it tries the same text over and over.",
                "Avoid a repetition inside a repetition such as (a+)+, and lookarounds and backreferences, which need this slow way of matching.",
                Text,
                error);
        }
    }
}
