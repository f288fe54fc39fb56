namespace OpsRunbook;

/// <summary>One reading with its limits.</summary>
/// <param name="Name">Name of the reading, unique within its check: <c>connections</c>, <c>latency</c>, <c>/var</c>.</param>
/// <param name="Value">The reading in <paramref name="Unit"/>.</param>
/// <param name="Unit">Unit of measure as in performance data: <c>s</c>, <c>B</c>, <c>%</c>, <c>c</c>, or empty.</param>
/// <param name="Warning">The reading is at least a warning from here on; null for no limit.</param>
/// <param name="Critical">The reading is critical from here on; null for no limit.</param>
/// <param name="Minimum">Smallest possible value; null when unknown.</param>
/// <param name="Maximum">Largest possible value; null when unknown.</param>
public sealed record Measurement(
    string Name,
    double Value,
    string Unit = "",
    double? Warning = null,
    double? Critical = null,
    double? Minimum = null,
    double? Maximum = null)
{
    /// <summary>The status that the limits give this value: critical at or above <see cref="Critical"/>, and so on.</summary>
    public HealthStatus Status =>
        Value >= Critical ? HealthStatus.Critical
        : Value >= Warning ? HealthStatus.Warning
        : HealthStatus.Healthy;
}
