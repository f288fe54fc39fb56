using System.Globalization;

namespace OpsRunbook.Cmdlets;

/// <summary>Reads what -Since, -Until and -At take: a moment, or how far away it is.</summary>
internal static class LogMoment
{
    /// <summary>Reads a moment.</summary>
    /// <param name="value">A date, a <see cref="TimeSpan"/>, or text such as <c>2h</c> or <c>2026-01-23 10:30</c>; null for none.</param>
    /// <param name="parameter">Name of the parameter.</param>
    /// <param name="ahead">A duration means so long from now instead of so long ago.</param>
    /// <returns>UTC; null for none.</returns>
    /// <exception cref="OpsException"><c>Log.TimeInvalid</c>, or <c>Certificate.TimeInvalid</c> for one ahead.</exception>
    public static DateTime? Read(object? value, string parameter, bool ahead = false)
    {
        var (item, text) = NumericLiteral.Unwrap(value);
        switch (item)
        {
            case null:
                return null;
            case DateTime moment:
                return moment.ToUniversalTime();
            case DateTimeOffset moment:
                return moment.UtcDateTime;
            case TimeSpan away:
                return DateTime.UtcNow + (ahead ? away : -away);
            default:
                text ??= Convert.ToString(item, CultureInfo.InvariantCulture) ?? string.Empty;

                // A bare number would be seconds, which nobody means here; a colon alone is a time of day.
                return !text.Contains(':', StringComparison.Ordinal) && text.Any(char.IsAsciiLetter) && Duration.TryParse(text, out var duration) ? DateTime.UtcNow + (ahead ? duration : -duration)
                    : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeLocal, out var date) ? date.UtcDateTime
                    : throw new OpsException(
                        ahead ? "Certificate.TimeInvalid" : "Log.TimeInvalid",
                        OpsErrorKind.InvalidArgument,
                        $"-{parameter} '{text}' is neither a moment nor a duration.",
                        $"Write for example 1h or '7d' for so long {(ahead ? "from now" : "ago")}, or '2026-01-23 10:30' in local time, or 2026-01-23T10:30:00Z.",
                        parameter);
        }
    }
}
