using System.Globalization;

namespace OpsRunbook.Engine.Monitoring;

/// <summary>Compares watched metrics with their limits.</summary>
/// <param name="prometheus">Where the values come from.</param>
public sealed class ThresholdTest(PrometheusClient prometheus)
{
    /// <summary>Reads a metric. One that cannot be read is Unknown with the reason.</summary>
    /// <param name="metric">The metric.</param>
    /// <param name="time">UTC; null for now.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>A reading for each series, the worst first; at least one.</returns>
    /// <exception cref="OpsException">Prometheus cannot be asked at all.</exception>
    public async Task<IReadOnlyList<MetricReading>> RunAsync(WatchedMetric metric, DateTime? time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(metric);
        if (metric.Query is null)
        {
            return [Unknown(metric, $"There is no expression for it. Give it one in the stack file: metrics.{metric.Name}.query.", time)];
        }

        try
        {
            var samples = await prometheus.InstantAsync(metric.Query, time, cancellationToken);
            return samples.Count == 0
                ? [Unknown(metric, $"Prometheus has no such series{(metric.Exporter is null ? string.Empty : $"; they come from {metric.Exporter}")}.", time)]
                : samples.Select(sample => Reading(metric, sample)).OrderByDescending(reading => reading.Status == HealthStatus.Unknown ? -1 : (int)reading.Status).ThenByDescending(reading => reading.Value).ToList();
        }
        catch (OpsException error) when (error.Id == "Prometheus.QueryInvalid")
        {
            return [Unknown(metric, error.Message, time)];
        }
    }

    /// <summary>A value with its unit.</summary>
    /// <param name="value">The value.</param>
    /// <param name="unit">Unit as in <see cref="StackMetric.Unit"/>.</param>
    /// <returns>For example <c>87.5%</c>, <c>450ms</c>, <c>1.2GB</c>.</returns>
    internal static string Text(double value, string? unit) => unit switch
    {
        "s" when double.IsFinite(value) && Math.Abs(value) < TimeSpan.MaxValue.TotalSeconds / 2 => Duration.Format(TimeSpan.FromSeconds(value)),
        "B" when double.IsFinite(value) && value is >= 0 and < long.MaxValue => ByteSize.Format((long)value),
        "%" => value.ToString("0.##", CultureInfo.InvariantCulture) + "%",
        _ => value.ToString("0.####", CultureInfo.InvariantCulture),
    };

    private static MetricReading Reading(WatchedMetric metric, MetricSample sample)
    {
        var status = metric.Judge(sample.Value);
        var (unit, limits) = (metric.Definition.Unit, metric.Definition);
        var limit = status switch
        {
            HealthStatus.Critical when sample.Value >= limits.Critical => $", critical from {Text(limits.Critical!.Value, unit)}",
            HealthStatus.Critical => $", critical below {Text(limits.CriticalBelow!.Value, unit)}",
            HealthStatus.Warning when sample.Value >= limits.Warning => $", warning from {Text(limits.Warning!.Value, unit)}",
            HealthStatus.Warning => $", warning below {Text(limits.WarningBelow!.Value, unit)}",
            _ when double.IsNaN(sample.Value) => ": nothing happened that could be divided, or the series is too young",
            _ => string.Empty,
        };
        return Create(metric, status, sample.Value, sample.Labels, $"{limits.Description ?? metric.Name}: {Text(sample.Value, unit)}{limit}.", sample.Time);
    }

    private static MetricReading Unknown(WatchedMetric metric, string message, DateTime? time) =>
        Create(metric, HealthStatus.Unknown, null, new Dictionary<string, string>(), message, time ?? DateTime.UtcNow);

    private static MetricReading Create(
        WatchedMetric metric, HealthStatus status, double? value, IReadOnlyDictionary<string, string> labels, string message, DateTime time) => new()
        {
            Status = status,
            Name = metric.Name,
            Member = metric.Definition.Member,
            Value = value,
            Unit = metric.Definition.Unit ?? string.Empty,
            Warning = metric.Definition.Warning,
            Critical = metric.Definition.Critical,
            WarningBelow = metric.Definition.WarningBelow,
            CriticalBelow = metric.Definition.CriticalBelow,
            Labels = labels,
            Message = message,
            Query = metric.Query,
            Time = time,
        };
}
