using System.Globalization;

namespace OpsRunbook.Cmdlets;

/// <summary>Reads what -Since, -Until and -At take: a moment, or how far away it is.</summary>
internal static class LogMoment
{
    /// <summary>Reads a moment.</summary>
    /// <param name="value">A date, a <see cref="TimeSpan"/>, or text such as <c>2h</c> or <c>2026-01-23 10:30</c>; null for none.</param>
    /// <param name="parameter">Name of the parameter.</param>
    /// <param name="ahead">A duration means so long from now instead of so long ago.</param>
    /// <param name="area">First part of the error's id; null for <c>Log</c>, or <c>Certificate</c> for one ahead.</param>
    /// <returns>UTC; null for none.</returns>
    /// <exception cref="OpsException"><c>AREA.TimeInvalid</c>.</exception>
    public static DateTime? Read(object? value, string parameter, bool ahead = false, string? area = null)
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
                        $"{area ?? (ahead ? "Certificate" : "Log")}.TimeInvalid",
                        OpsErrorKind.InvalidArgument,
                        $"-{parameter} '{text}' is neither a moment nor a duration.",
                        $"Write for example 1h or '7d' for so long {(ahead ? "from now" : "ago")}, or '2026-01-23 10:30' in local time, or 2026-01-23T10:30:00Z.",
                        parameter);
        }
    }
}
