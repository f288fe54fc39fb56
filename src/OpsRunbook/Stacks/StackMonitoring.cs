namespace OpsRunbook;

/// <summary>Addresses of the monitoring systems.</summary>
public sealed class StackMonitoring
{
    /// <summary>Prometheus base URL; null for none.</summary>
    [StackValue(Form = StackForm.Url)]
    public string? Prometheus { get; set; }

    /// <summary>Alertmanager base URL; null for none.</summary>
    [StackValue(Form = StackForm.Url)]
    public string? Alertmanager { get; set; }

    /// <summary>Loki base URL; null for none.</summary>
    [StackValue(Form = StackForm.Url)]
    public string? Loki { get; set; }

    /// <summary>Grafana base URL; null for none.</summary>
    [StackValue(Form = StackForm.Url)]
    public string? Grafana { get; set; }

    /// <summary>Host from which the addresses are reached; null for this machine.</summary>
    [StackValue(RefersTo = new[] { "hosts" })]
    public string? Host { get; set; }

    /// <summary>Dashboards by name.</summary>
    [StackValue(Form = StackForm.Url)]
    public Dictionary<string, string> Dashboards { get; set; } = [];
}
