using System.Text.RegularExpressions;

namespace OpsRunbook.Engine.Databases;

/// <summary>A regular expression for statements that an operator gave with -Match. It cannot hang.</summary>
internal sealed class StatementPattern
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private readonly Regex _regex;

    private StatementPattern(Regex regex) => _regex = regex;

    /// <summary>Prepares an expression.</summary>
    /// <param name="pattern">The expression.</param>
    /// <returns>The pattern.</returns>
    /// <exception cref="OpsException"><c>Db.PatternInvalid</c>.</exception>
    public static StatementPattern Create(string pattern)
    {
        try
        {
            return new StatementPattern(new Regex(pattern, RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.Singleline, Patience));
        }
        catch (ArgumentException error)
        {
            throw new OpsException(
                "Db.PatternInvalid",
                OpsErrorKind.InvalidArgument,
                $"-Match '{pattern}' is not a regular expression: {error.Message}",
                "Put a backslash before characters such as ( [ * ? + that are meant as they stand.",
                pattern,
                error);
        }
    }

    /// <summary>The statement contains the pattern.</summary>
    /// <param name="statement">A statement.</param>
    /// <returns>True when it does.</returns>
    /// <exception cref="OpsException"><c>Db.PatternTooSlow</c>.</exception>
    public bool IsMatch(string statement)
    {
        try
        {
            return _regex.IsMatch(statement);
        }
        catch (RegexMatchTimeoutException error)
        {
            throw new OpsException(
                "Db.PatternTooSlow", OpsErrorKind.Timeout, $"-Match '{_regex}' needed more than {Duration.Format(Patience)} for one statement.", "Avoid a repetition inside a repetition such as (a+)+.", _regex.ToString(), error);
        }
    }
}
