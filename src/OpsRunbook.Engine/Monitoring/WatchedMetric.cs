namespace OpsRunbook.Engine.Monitoring;

/// <summary>A metric with its expression and limits: one of the stack, or one of the usual ones.</summary>
/// <param name="Name">Name in <c>metrics</c> or <c>thresholds</c> of the stack.</param>
/// <param name="Definition">Its limits.</param>
/// <param name="Query">PromQL; null when there is none.</param>
/// <param name="Exporter">What brings the series into Prometheus; null when nobody knows.</param>
public sealed record WatchedMetric(string Name, StackMetric Definition, string? Query, string? Exporter)
{
    private const string Requests = "the application's own metrics (http_requests_total, http_request_duration_seconds)";

    /// <summary>The metrics of a stack: its own, and the usual ones (key <c>thresholds</c>) that it does not define itself.</summary>
    /// <param name="stack">The stack.</param>
    /// <returns>The metrics, the stack's own first.</returns>
    public static IReadOnlyList<WatchedMetric> Of(OpsStack stack)
    {
        ArgumentNullException.ThrowIfNull(stack);
        var usual = Usual(stack.Thresholds);
        var own = stack.Metrics.Select(metric =>
        {
            var same = usual.FirstOrDefault(other => other.Name.Equals(metric.Key, StringComparison.OrdinalIgnoreCase));
            return new WatchedMetric(metric.Key, metric.Value, metric.Value.Query ?? same?.Query, metric.Value.Query is null ? same?.Exporter : null);
        });
        return [.. own, .. usual.Where(metric => !stack.Metrics.Keys.Contains(metric.Name, StringComparer.OrdinalIgnoreCase))];
    }

    /// <summary>Status of a value.</summary>
    /// <param name="value">The value in the unit of the metric.</param>
    /// <returns>Unknown for what is not a number.</returns>
    public HealthStatus Judge(double value) =>
        double.IsNaN(value) ? HealthStatus.Unknown
        : value >= Definition.Critical || value < Definition.CriticalBelow ? HealthStatus.Critical
        : value >= Definition.Warning || value < Definition.WarningBelow ? HealthStatus.Warning
        : HealthStatus.Healthy;

    // The series are those of node_exporter, postgres_exporter and redis_exporter, and of the usual client libraries. Percentages of a
    // file system are as df counts them: what only root may use is neither used nor free. Errors are a share of the requests, not a rate.
    private static List<WatchedMetric> Usual(StackThresholds limits) =>
    [
        Of("latency", "95th percentile of all requests", "s", limits.Latency, "histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket[5m])))", Requests),
        Of(
            "errorRate",
            "Part of the requests that fail with 5xx",
            "%",
            limits.ErrorRate,
            """100 * (sum(rate(http_requests_total{status=~"5.."}[5m]) or rate(http_requests_total{status_code=~"5.."}[5m]) or rate(http_requests_total{code=~"5.."}[5m])) or vector(0)) / sum(rate(http_requests_total[5m]))""",
            Requests),
        Of("cpu", "CPU use", "%", limits.Cpu, """100 * (1 - avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[5m])))""", "node_exporter"),
        Of("load", "Five-minute load for each core", string.Empty, limits.Load, """node_load5 / on (instance) count by (instance) (node_cpu_seconds_total{mode="idle"})""", "node_exporter"),
        Of("memory", "Used memory", "%", limits.Memory, "100 * (1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes)", "node_exporter"),
        Of("swap", "Used swap", "%", limits.Swap, "100 * (1 - node_memory_SwapFree_bytes / (node_memory_SwapTotal_bytes > 0))", "node_exporter"),
        Of(
            "disk",
            "Used part of each file system",
            "%",
            limits.Disk,
            """100 * (node_filesystem_size_bytes{fstype!~"tmpfs|ramfs|overlay|squashfs|iso9660"} - node_filesystem_free_bytes) / (node_filesystem_size_bytes - node_filesystem_free_bytes + node_filesystem_avail_bytes)""",
            "node_exporter"),
        Of("inodes", "Used part of the inodes", "%", limits.Inodes, """100 * (1 - node_filesystem_files_free{fstype!~"tmpfs|ramfs|overlay|squashfs|iso9660"} / (node_filesystem_files > 0))""", "node_exporter"),
        Of("dbConnections", "Connections of PostgreSQL against its maximum", "%", limits.DbConnections, "100 * sum by (instance) (pg_stat_activity_count) / on (instance) pg_settings_max_connections", "postgres_exporter"),
        Of("cacheMemory", "Memory of Redis against its maximum", "%", limits.CacheMemory, "100 * redis_memory_used_bytes / (redis_memory_max_bytes > 0)", "redis_exporter"),
    ];

    private static WatchedMetric Of(string name, string description, string unit, Threshold limits, string query, string exporter) => new(
        name,
        new StackMetric { Description = description, Unit = unit.Length == 0 ? null : unit, Warning = limits.Warning, Critical = limits.Critical },
        query,
        exporter);
}
