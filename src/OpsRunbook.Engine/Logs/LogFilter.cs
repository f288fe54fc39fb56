using System.Globalization;

namespace OpsRunbook.Engine.Logs;

/// <summary>Decides on finished records of sources that do not filter themselves. Safe for use by several threads.</summary>
public sealed class LogFilter
{
    private readonly LogQuery _query;
    private readonly OperatorPattern? _match;
    private readonly OperatorPattern? _notMatch;

    /// <summary>Prepares the filter.</summary>
    /// <param name="query">What is wanted.</param>
    /// <exception cref="OpsException"><c>Log.PatternInvalid</c>.</exception>
    public LogFilter(LogQuery query)
    {
        ArgumentNullException.ThrowIfNull(query);
        _query = query;
        _match = query.Match is null ? null : OperatorPattern.ForRecords(query.Match, query.CaseSensitive, nameof(query.Match));
        _notMatch = query.NotMatch is null ? null : OperatorPattern.ForRecords(query.NotMatch, query.CaseSensitive, nameof(query.NotMatch));
    }

    /// <summary>The record is within the time range, or has no time.</summary>
    /// <param name="record">The record.</param>
    /// <returns>True when it is.</returns>
    public bool IsInRange(LogRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        return record.Time is not { } time || ((_query.Since is null || time >= _query.Since) && (_query.Until is null || time < _query.Until));
    }

    /// <summary>The record is wanted, whatever its time.</summary>
    /// <param name="record">The record.</param>
    /// <returns>True when it is.</returns>
    /// <exception cref="OpsException"><c>Log.PatternTooSlow</c>.</exception>
    public bool Accepts(LogRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        return (_query.Level is not { } level || record.Level >= level)
            && (_match is null || Any(record, text => _match.IsMatch(text)))
            && (_query.CorrelationId is not { } id || Any(record, text => ContainsWord(text, id)))
            && (_notMatch is null || !Any(record, text => _notMatch.IsMatch(text)));
    }

    /// <summary>The text has the word, and neither letter, digit nor hyphen beside it: the id 12 is not in 123.</summary>
    internal static bool ContainsWord(ReadOnlySpan<char> text, ReadOnlySpan<char> word)
    {
        for (var start = 0; word.Length > 0 && start <= text.Length - word.Length;)
        {
            var found = text[start..].IndexOf(word, StringComparison.OrdinalIgnoreCase);
            if (found < 0)
            {
                return false;
            }

            var at = start + found;
            if ((at == 0 || !IsWord(text[at - 1])) && (at + word.Length == text.Length || !IsWord(text[at + word.Length])))
            {
                return true;
            }

            start = at + 1;
        }

        return false;

        static bool IsWord(char letter) => char.IsLetterOrDigit(letter) || letter is '-' or '_';
    }

    private static bool Any(LogRecord record, Func<string, bool> test) => test(record.Message)
        || record.Fields.Values.Any(value => value is not null && test(Convert.ToString(value, CultureInfo.InvariantCulture) ?? string.Empty));
}
