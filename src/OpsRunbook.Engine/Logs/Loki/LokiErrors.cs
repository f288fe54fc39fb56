using System.Globalization;
using System.Text.RegularExpressions;

namespace OpsRunbook.Engine.Logs.Loki;

/// <summary>The failures of asking Loki.</summary>
internal static partial class LokiErrors
{
    private const int LongestMessage = 500;

    /// <summary>Nothing answers there.</summary>
    /// <param name="url">Address without a password.</param>
    /// <param name="error">What failed.</param>
    /// <returns>The failure.</returns>
    public static OpsException NotAnswering(string url, OpsException error) => new(
        "Loki.NotAnswering", OpsErrorKind.Connection, $"Loki at {url} cannot be asked: {error.Message}", "Check that Loki runs, and 'loki' under 'monitoring' in the stack file.", url, error);

    /// <summary>What an answer that is no result means.</summary>
    /// <param name="url">Address without a password.</param>
    /// <param name="status">HTTP status.</param>
    /// <param name="message">What Loki said.</param>
    /// <param name="query">The query.</param>
    /// <returns>The failure.</returns>
    public static OpsException Refused(string url, int status, string message, string query)
    {
        message = message.Trim();
        message = message.Length > LongestMessage ? message[..LongestMessage] + "…" : message;
        return status switch
        {
            400 when IsTooMany(message) => new OpsException(
                "Loki.TooManyEntries", OpsErrorKind.InvalidArgument, $"Loki at {url} gives no more entries at once: {message}", "Ask for smaller pages with -PageSize.", query),
            400 when message.Contains("time range exceeds", StringComparison.OrdinalIgnoreCase) => new OpsException(
                "Loki.RangeTooLong", OpsErrorKind.InvalidArgument, $"Loki at {url} does not search so long a time: {message}", "Bring -Since and -Until closer together.", query),
            400 => new OpsException(
                "Loki.QueryInvalid", OpsErrorKind.InvalidArgument, $"Loki at {url} refuses the query {query}: {message}", "A log query begins with a selector such as {app=\"api\"}, and filters follow: |= \"error\".", query),
            401 or 403 => new OpsException(
                "Loki.AccessDenied", OpsErrorKind.PermissionDenied, $"Loki at {url} answered {status}: {message}", "Give -Credential, or -Tenant when Loki serves several.", url),
            404 => new OpsException("Loki.NotFound", OpsErrorKind.NotFound, $"{url} answered 404: there is no Loki.", "Give the base address of Loki, without /loki/api.", url),
            429 => new OpsException("Loki.Busy", OpsErrorKind.OperationFailed, $"Loki at {url} takes no more queries now: {message}", "Ask for a shorter time, or again in a while.", url),
            _ => new OpsException("Loki.Failed", OpsErrorKind.OperationFailed, $"Loki at {url} answered {status}: {message}", "Look at Loki's own log, and at its /ready page.", url),
        };
    }

    /// <summary>The answer is none of Loki's.</summary>
    /// <param name="url">Address without a password.</param>
    /// <param name="cause">What is wrong with it.</param>
    /// <param name="inner">The cause; null for none.</param>
    /// <returns>The failure.</returns>
    public static OpsException NotLoki(string url, string cause, Exception? inner = null) =>
        new("Loki.AnswerInvalid", OpsErrorKind.InvalidData, $"{url} does not answer as Loki does: {cause}", "Check the address; a proxy in between may answer instead.", url, inner);

    /// <summary>A query that gives numbers.</summary>
    /// <param name="query">The query.</param>
    /// <returns>The failure.</returns>
    public static OpsException Metric(string query) => new(
        "Loki.MetricQuery",
        OpsErrorKind.InvalidArgument,
        $"{query} is a metric query: its result is numbers and no log records.",
        "Leave out rate(…), count_over_time(…) and the like, and count the records with Measure-ServiceLog or Measure-Object.",
        query);

    /// <summary>More entries have one timestamp than fit on a page, so that there is no way to the next one.</summary>
    /// <param name="time">The timestamp.</param>
    /// <param name="pageSize">Entries of a page.</param>
    /// <param name="query">The query.</param>
    /// <returns>The failure.</returns>
    public static OpsException Stuck(DateTime time, int pageSize, string query) => new(
        "Loki.PageTooSmall",
        OpsErrorKind.InvalidArgument,
        $"More than {pageSize} entries have the time {time:yyyy-MM-ddTHH:mm:ss.fffffffZ}, and Loki gives no more at once, so what comes after them cannot be reached.",
        "Narrow the query down with further labels or filters, or raise -PageSize and Loki's max_entries_limit_per_query.",
        query);

    /// <summary>The number of entries that Loki allows, when the refusal says it.</summary>
    /// <param name="error">The refusal.</param>
    /// <returns>The number; null when it does not say.</returns>
    public static int? Allowed(OpsException error) =>
        error.Id == "Loki.TooManyEntries" && Limits().Match(error.Message) is { Success: true } match && int.TryParse(match.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var allowed) && allowed > 0
            ? allowed
            : null;

    private static bool IsTooMany(string message) => message.Contains("max entries limit", StringComparison.OrdinalIgnoreCase);

    // "max entries limit per query exceeded, limit > max_entries_limit (10000 > 5000)"
    [GeneratedRegex(@"\([0-9]+ > ([0-9]+)\)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Limits();
}
