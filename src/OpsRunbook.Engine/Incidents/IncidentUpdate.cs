using System.Globalization;
using OpsRunbook.Engine.Announcements;

namespace OpsRunbook.Engine.Incidents;

/// <summary>Tells people how an incident stands.</summary>
public static class IncidentUpdate
{
    /// <summary>Fills the template for notifications.</summary>
    /// <param name="incident">The incident.</param>
    /// <param name="status">How far it is.</param>
    /// <param name="situation">How it stands, in words.</param>
    /// <param name="next">When the next update comes, UTC; null when none is promised.</param>
    /// <returns>The announcement.</returns>
    public static Announcement Write(OpsIncident incident, IncidentStatus status, string situation, DateTime? next)
    {
        ArgumentNullException.ThrowIfNull(incident);
        return new Announcement(
            $"[{incident.Severity}] {incident.Title}: {status}",
            $"""
            INCIDENT NOTIFICATION

            Severity: {incident.Severity}
            Status: {status}
            Start Time: {Moment(incident.Started)}
            Impact: {(incident.Impact.Length > 0 ? incident.Impact : "not known yet")}

            Current Status:
            {situation}

            Next Update:
            {(next is { } time ? Moment(time) : status == IncidentStatus.Resolved ? "none, the incident is over" : "when there is news")}

            Incident Commander: {incident.Commander}

            """.ReplaceLineEndings("\n"));
    }

    private static string Moment(DateTime time) => time.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);
}
