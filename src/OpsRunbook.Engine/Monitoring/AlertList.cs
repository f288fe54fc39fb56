namespace OpsRunbook.Engine.Monitoring;

/// <summary>The alerts of a stack, of both who know them.</summary>
public static class AlertList
{
    /// <summary>Puts together what Prometheus and Alertmanager say: Alertmanager knows what is silenced, Prometheus what is pending.</summary>
    /// <param name="prometheus">Alerts of Prometheus.</param>
    /// <param name="alertmanager">Alerts of Alertmanager.</param>
    /// <returns>Each alert once, the worst first.</returns>
    public static IReadOnlyList<OpsAlert> Merge(IReadOnlyList<OpsAlert> prometheus, IReadOnlyList<OpsAlert> alertmanager)
    {
        ArgumentNullException.ThrowIfNull(prometheus);
        ArgumentNullException.ThrowIfNull(alertmanager);

        // Prometheus adds its external labels on the way to Alertmanager, which then has more labels for the same alert.
        var own = prometheus.Where(alert => !alertmanager.Any(other => alert.Labels.All(label => other.Labels.GetValueOrDefault(label.Key) == label.Value)));
        return alertmanager.Concat(own)
            .OrderByDescending(alert => alert.State == "firing")
            .ThenByDescending(alert => alert.Status)
            .ThenBy(alert => alert.Name, StringComparer.Ordinal)
            .ThenBy(alert => alert.Instance, StringComparer.Ordinal)
            .ToList();
    }
}
