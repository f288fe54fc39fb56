using System.Globalization;
using System.Text;

namespace OpsRunbook.Engine.Maintenance;

/// <summary>
/// Writes windows as a calendar (iCalendar, RFC 5545). Each time of one that recurs is an event of its own in UTC, so that every program shows it
/// at the right hour on both sides of a change of the clocks, whatever it knows of time zones.
/// </summary>
public static class WindowCalendar
{
    private const int LongestLine = 75;

    /// <summary>Writes the calendar.</summary>
    /// <param name="windows">The windows.</param>
    /// <param name="now">Now, UTC.</param>
    /// <returns>The text, its lines ended by CR LF.</returns>
    public static string Write(IEnumerable<MaintenanceWindow> windows, DateTime now)
    {
        ArgumentNullException.ThrowIfNull(windows);
        var text = new StringBuilder();
        Line(text, "BEGIN:VCALENDAR");
        Line(text, "VERSION:2.0");
        Line(text, "PRODID:-//OpsRunbook//Maintenance windows//EN");
        foreach (var window in windows)
        {
            Line(text, "BEGIN:VEVENT");
            Line(text, $"UID:{Moment(window.Begin)}-{window.Id}@opsrunbook");
            Line(text, $"DTSTAMP:{Moment(now)}");
            Line(text, $"DTSTART:{Moment(window.Begin)}");
            Line(text, $"DTEND:{Moment(window.End)}");
            Line(text, $"SUMMARY:{Escape($"Maintenance of {window.Stack}: {window.Title}")}");
            Line(text, $"DESCRIPTION:{Escape(string.Join('\n', Description(window)))}");
            Line(text, $"STATUS:{(window.State is MaintenanceWindowState.Cancelled or MaintenanceWindowState.Undone ? "CANCELLED" : "CONFIRMED")}");
            Line(text, "END:VEVENT");
        }

        Line(text, "END:VCALENDAR");
        return text.ToString();
    }

    private static IEnumerable<string> Description(MaintenanceWindow window)
    {
        yield return $"{window.Id}, planned by {window.User}";
        if (window.Repeat is not null)
        {
            yield return $"recurs {window.Repeat} ({window.TimeZone})";
        }

        if (window.Reason is not null)
        {
            yield return window.Reason;
        }
    }

    private static string Moment(DateTime utc) => utc.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);

    // Other control characters than the line feed may not be in a calendar at all.
    private static string Escape(string text)
    {
        var escaped = new StringBuilder();
        foreach (var letter in text)
        {
            _ = letter switch
            {
                '\\' or ';' or ',' => escaped.Append('\\').Append(letter),
                '\n' => escaped.Append("\\n"),
                _ when char.IsControl(letter) => escaped.Append(' '),
                _ => escaped.Append(letter),
            };
        }

        return escaped.ToString();
    }

    // A line is at most 75 octets long; it goes on in the next one after a blank, and no letter is torn.
    private static void Line(StringBuilder text, string line)
    {
        var octets = 0;
        foreach (var rune in line.EnumerateRunes())
        {
            octets += rune.Utf8SequenceLength;
            if (octets > LongestLine)
            {
                text.Append("\r\n ");
                octets = 1 + rune.Utf8SequenceLength;
            }

            text.Append(rune.ToString());
        }

        text.Append("\r\n");
    }
}
