using System.Text.RegularExpressions;

namespace OpsRunbook.Engine.Logs.Logins;

/// <summary>
/// How one kind of log tells failed logins. Names come from whoever attacks, and may look like the rest of the line, or like
/// further lines: the address is taken only from where the program itself puts it, and where that cannot be told, it is not given.
/// One instance reads one log in its order.
/// </summary>
internal abstract class LoginFormat
{
    /// <summary>Regular expression that every record of interest contains; null when each record matters.</summary>
    public virtual string? Match => null;

    /// <summary>Reads the next record.</summary>
    /// <param name="record">The record; null behind the last one.</param>
    /// <returns>Failed logins that are certain now.</returns>
    public virtual IEnumerable<(LogRecord Record, LoginAttempt Attempt)> Read(LogRecord? record) =>
        record is not null && Find(record) is { } attempt ? [(record, attempt)] : [];

    /// <summary>Reads one record by itself.</summary>
    /// <param name="record">The record.</param>
    /// <returns>The failed login; null when it tells none.</returns>
    protected abstract LoginAttempt? Find(LogRecord record);

    /// <summary>An expression that matches from the beginning of the text to its end.</summary>
    /// <param name="pattern">The expression.</param>
    /// <returns>It, without backtracking.</returns>
    protected static Regex Whole(string pattern) =>
        new($"^(?:{pattern})\\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking | RegexOptions.Singleline, TimeSpan.FromSeconds(1));
}
