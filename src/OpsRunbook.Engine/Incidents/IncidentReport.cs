using System.Globalization;
using System.Net;
using System.Text;

namespace OpsRunbook.Engine.Incidents;

/// <summary>Writes an incident as a document for people: impact, timeline, root cause, fix, prevention, action items.</summary>
public static class IncidentReport
{
    private const string Unknown = "not recorded";

    /// <summary>Writes an incident.</summary>
    /// <param name="incident">The incident.</param>
    /// <param name="format">Kind of document.</param>
    /// <returns>The document; lines end with a line feed.</returns>
    public static string Write(OpsIncident incident, IncidentFormat format)
    {
        ArgumentNullException.ThrowIfNull(incident);
        return format == IncidentFormat.Html ? Html(incident) : Markdown(incident);
    }

    private static string Markdown(OpsIncident incident)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"# Incident {incident.Id}: {Plain(incident.Title)}\n\n");
        AppendFacts(Head(incident));
        text.Append("\n## Impact\n\n");
        AppendFacts(Impact(incident));
        text.Append("\n## Timeline\n\nAll times are UTC.\n\n");
        var format = TimeFormat(incident);
        foreach (var entry in incident.Timeline)
        {
            text.Append(CultureInfo.InvariantCulture, $"- {entry.Time.ToString(format, CultureInfo.InvariantCulture)} - {Plain(entry.Text)} ({Plain(entry.User)})\n");
        }

        foreach (var (title, paragraph) in Analysis(incident))
        {
            text.Append(CultureInfo.InvariantCulture, $"\n## {title}\n\n{Plain(paragraph)}\n");
        }

        text.Append("\n## Post-incident action items\n\n");
        foreach (var item in incident.ActionItems)
        {
            text.Append(CultureInfo.InvariantCulture, $"- [ ] {Plain(item)}\n");
        }

        return text.Append(incident.ActionItems.Count == 0 ? Unknown + "\n" : string.Empty).ToString();

        void AppendFacts(IEnumerable<(string Name, string Value)> facts)
        {
            foreach (var (name, value) in facts)
            {
                text.Append(CultureInfo.InvariantCulture, $"- {name}: {Plain(value)}\n");
            }
        }
    }

    private static string Html(OpsIncident incident)
    {
        var text = new StringBuilder();
        text.Append($$"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <title>Incident {{incident.Id}}: {{Encode(incident.Title)}}</title>
            <style>
            body { font-family: sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em; line-height: 1.4 }
            dt { font-weight: bold; float: left; clear: left; width: 14em } dd { margin-left: 15em }
            table { border-collapse: collapse } td { padding: .2em .8em .2em 0; vertical-align: top; white-space: pre-wrap } .change { color: #555 }
            </style>
            </head>
            <body>
            <h1>Incident {{incident.Id}}: {{Encode(incident.Title)}}</h1>

            """.ReplaceLineEndings("\n"));
        AppendFacts(Head(incident));
        text.Append("<h2>Impact</h2>\n");
        AppendFacts(Impact(incident));
        text.Append("<h2>Timeline</h2>\n<p>All times are UTC.</p>\n<table>\n");
        var format = TimeFormat(incident);
        foreach (var entry in incident.Timeline)
        {
            text.Append(
                CultureInfo.InvariantCulture,
                $"<tr{(entry.Kind == IncidentEntryKind.Change ? " class=\"change\"" : string.Empty)}><td>{entry.Time.ToString(format, CultureInfo.InvariantCulture)}</td><td>{Encode(entry.Text)}</td><td>{Encode(entry.User)}</td></tr>\n");
        }

        text.Append("</table>\n");
        foreach (var (title, paragraph) in Analysis(incident))
        {
            text.Append(CultureInfo.InvariantCulture, $"<h2>{title}</h2>\n<p>{Encode(paragraph)}</p>\n");
        }

        text.Append("<h2>Post-incident action items</h2>\n");
        text.Append(incident.ActionItems.Count == 0 ? $"<p>{Unknown}</p>\n" : "<ul>\n");
        foreach (var item in incident.ActionItems)
        {
            text.Append(CultureInfo.InvariantCulture, $"<li>{Encode(item)}</li>\n");
        }

        return text.Append(incident.ActionItems.Count == 0 ? string.Empty : "</ul>\n").Append("</body>\n</html>\n").ToString();

        void AppendFacts(IEnumerable<(string Name, string Value)> facts)
        {
            text.Append("<dl>\n");
            foreach (var (name, value) in facts)
            {
                text.Append(CultureInfo.InvariantCulture, $"<dt>{name}</dt><dd>{Encode(value)}</dd>\n");
            }

            text.Append("</dl>\n");
        }
    }

    private static IEnumerable<(string Name, string Value)> Head(OpsIncident incident) =>
    [
        ("Start time", Moment(incident.Started)),
        ("End time", incident.Ended is { } ended ? Moment(ended) : "still open"),
        ("Detected by", Or(incident.DetectedBy)),
        ("Severity", incident.Severity),
        ("Status", incident.Status.ToString()),
        ("Incident commander", Or(incident.Commander)),
        ("Time to acknowledge", Span(incident.TimeToAcknowledge)),
        ("Time to mitigate", Span(incident.TimeToMitigate)),
        ("Time to resolve", Span(incident.TimeToResolve)),
    ];

    private static IEnumerable<(string Name, string Value)> Impact(OpsIncident incident) =>
    [
        ("Service affected", Or(string.Join(", ", incident.Service))),
        ("Impact", Or(incident.Impact)),
        ("Impact radius", Or(incident.ImpactRadius)),
        ("Expected impact duration", Span(incident.ExpectedDuration)),
    ];

    private static IEnumerable<(string Title, string Text)> Analysis(OpsIncident incident) =>
        [("Root cause", Or(incident.RootCause)), ("Fix", Or(incident.Fix)), ("Prevention", Or(incident.Prevention))];

    private static string Or(string text) => text.Length > 0 ? text : Unknown;

    private static string Span(TimeSpan? span) => span is { } known ? Duration.Format(known) : Unknown;

    private static string Moment(DateTime time) => time.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    // The date only where the hour alone would mislead.
    private static string TimeFormat(OpsIncident incident) => incident.Timeline.All(entry => entry.Time.Date == incident.Started.Date) ? "HH:mm" : "yyyy-MM-dd HH:mm";

    // What people and programs have written must not become a heading, a link or an element.
    private static string Plain(string text)
    {
        var plain = new StringBuilder(text.Length);
        foreach (var letter in Display.Text(text.Trim()))
        {
            _ = letter switch
            {
                '<' => plain.Append("&lt;"),
                '&' => plain.Append("&amp;"),
                '[' or ']' or '*' or '`' or '\\' => plain.Append('\\').Append(letter),
                _ => plain.Append(letter),
            };
        }

        return plain.ToString();
    }

    private static string Encode(string text) => WebUtility.HtmlEncode(string.Join('\n', text.ReplaceLineEndings("\n").Split('\n').Select(Display.Text)));
}
