using System.Globalization;
using System.Text.RegularExpressions;

namespace OpsRunbook.Engine.Logs.Logins;

/// <summary>Logins that an application refused, as the stack file says how it tells them.</summary>
internal sealed class AppLogins : LoginFormat
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private readonly List<(Regex Regex, StackLoginFailure Pattern)> _patterns;

    /// <summary>Prepares the patterns of a member.</summary>
    /// <param name="member">Name of the member.</param>
    /// <param name="patterns">Its patterns.</param>
    /// <exception cref="OpsException"><c>Log.PatternInvalid</c>.</exception>
    public AppLogins(string member, IEnumerable<StackLoginFailure> patterns)
    {
        try
        {
            _patterns = [.. patterns.Select(pattern => (new Regex(pattern.Pattern, RegexOptions.CultureInvariant, Patience), pattern))];
        }
        catch (ArgumentException error)
        {
            throw new OpsException(
                "Log.PatternInvalid", OpsErrorKind.InvalidArgument, $"A pattern under 'loginFailures' of '{member}' is not a regular expression: {error.Message}", "Correct it in the stack file.", member, error);
        }
    }

    /// <inheritdoc/>
    protected override LoginAttempt? Find(LogRecord record)
    {
        foreach (var (regex, pattern) in _patterns)
        {
            Match match;
            try
            {
                match = regex.Match(record.Message);
            }
            catch (RegexMatchTimeoutException error)
            {
                throw new OpsException("Log.PatternTooSlow", OpsErrorKind.Timeout, $"The pattern {pattern.Pattern} needed more than {Duration.Format(Patience)} for one record.", "Avoid a repetition inside a repetition such as (a+)+.", pattern.Pattern, error);
            }

            if (match.Success)
            {
                return new LoginAttempt(
                    LoginAttempt.Parse(Value(record, match, pattern.AddressField, "address")),
                    Value(record, match, pattern.AccountField, "account"));
            }
        }

        return null;
    }

    private static string? Value(LogRecord record, Match match, string? field, string group) =>
        field is not null ? Convert.ToString(record.Fields.GetValueOrDefault(field), CultureInfo.InvariantCulture)
        : match.Groups[group] is { Success: true } value ? value.Value
        : null;
}
