namespace OpsRunbook.Engine.Monitoring;

/// <summary>Makes an alert of what Prometheus or Alertmanager says.</summary>
internal static class AlertParts
{
    // The words for what wakes somebody up, of the five runbooks and of the common rule sets.
    private static readonly string[] CriticalWords = ["critical", "page", "sev1", "p0", "p1", "emergency", "disaster", "high"];

    /// <summary>Makes an alert.</summary>
    /// <param name="labels">Its labels.</param>
    /// <param name="annotations">Its annotations.</param>
    /// <param name="state">Its state.</param>
    /// <param name="since">Begin, UTC.</param>
    /// <param name="silencedBy">Ids of silences.</param>
    /// <param name="source">Who said so.</param>
    /// <returns>The alert.</returns>
    public static OpsAlert Create(
        Dictionary<string, string> labels, Dictionary<string, string> annotations, string state, DateTime since, IReadOnlyList<string> silencedBy, string source)
    {
        var severity = labels.GetValueOrDefault("severity", string.Empty);
        return new OpsAlert
        {
            Status = state != "pending" && CriticalWords.Contains(severity, StringComparer.OrdinalIgnoreCase) ? HealthStatus.Critical : HealthStatus.Warning,
            State = state,
            Name = labels.GetValueOrDefault("alertname", string.Empty),
            Severity = severity,
            Instance = labels.GetValueOrDefault("instance", string.Empty),
            Since = since,
            Summary = annotations.GetValueOrDefault("summary", annotations.GetValueOrDefault("description", string.Empty)),
            Labels = labels,
            Annotations = annotations,
            SilencedBy = silencedBy,
            Source = source,
        };
    }
}
