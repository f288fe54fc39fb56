namespace OpsRunbook.Engine.Monitoring;

/// <summary>An alerting rule of Prometheus.</summary>
/// <param name="Name">Name of the alert.</param>
/// <param name="Expression">PromQL; fires for each series that it yields.</param>
/// <param name="For">The condition must hold for so long.</param>
/// <param name="Labels">Labels of the alert.</param>
/// <param name="Summary">What it means.</param>
public sealed record AlertRule(string Name, string Expression, TimeSpan For, IReadOnlyDictionary<string, string> Labels, string Summary);
