namespace OpsRunbook;

/// <summary>An alert rule.</summary>
public sealed class StackAlert
{
    /// <summary>What the alert means; null when the key says enough.</summary>
    public string? Description { get; set; }

    /// <summary>Severity of the incident that it opens; null when the file does not say.</summary>
    [StackValue(RefersTo = new[] { "severities" })]
    public string? Severity { get; set; }

    /// <summary>PromQL expression; null when it is made from the other keys.</summary>
    public string? Expression { get; set; }

    /// <summary>Members that it is about.</summary>
    [StackValue(RefersTo = new[] { "services", "databases", "caches", "webServers", "certificates" })]
    public List<string> Members { get; set; } = [];

    /// <summary>Name in <c>metrics</c> or <c>thresholds</c> of what is compared; null for the health check itself.</summary>
    public string? Metric { get; set; }

    /// <summary>Fires above this; null for no upper limit.</summary>
    [StackValue(Form = StackForm.Quantity)]
    public double? Above { get; set; }

    /// <summary>Fires below this; null for no lower limit.</summary>
    [StackValue(Form = StackForm.Quantity)]
    public double? Below { get; set; }

    /// <summary>Health checks in a row that must fail; null when it is not about a health check.</summary>
    [StackValue(Minimum = 1, Maximum = 1000)]
    public int? Failures { get; set; }

    /// <summary>The condition must hold for so long; null for at once.</summary>
    public TimeSpan? For { get; set; }

    /// <summary>Labels of the Prometheus rule.</summary>
    public Dictionary<string, string> Labels { get; set; } = [];
}
