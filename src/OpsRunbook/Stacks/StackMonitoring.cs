namespace OpsRunbook;

/// <summary>Addresses of the monitoring systems.</summary>
public sealed class StackMonitoring
{
    /// <summary>Prometheus base URL; null for none.</summary>
    public string? Prometheus { get; set; }

    /// <summary>Alertmanager base URL; null for none.</summary>
    public string? Alertmanager { get; set; }

    /// <summary>Loki base URL; null for none.</summary>
    public string? Loki { get; set; }

    /// <summary>Dashboards by name.</summary>
    public Dictionary<string, string> Dashboards { get; set; } = [];
}
