namespace OpsRunbook;

/// <summary>One sample of a Prometheus exposition endpoint.</summary>
public sealed class AppMetric
{
    /// <summary>Name of the sample: <c>process_resident_memory_bytes</c>, <c>http_request_duration_seconds_bucket</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Labels in the order of the endpoint. Empty when there are none.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>The value; may be not a number or infinite, as the endpoint says.</summary>
    public required double Value { get; init; }

    /// <summary>Type of the metric family: <c>counter</c>, <c>gauge</c>, <c>histogram</c>, <c>summary</c>, <c>untyped</c>, or one of OpenMetrics.</summary>
    public string Type { get; init; } = "untyped";

    /// <summary>What the metric is about; null when the endpoint does not say.</summary>
    public string? Help { get; init; }

    /// <summary>Unit of OpenMetrics, else the base unit that the name ends in (<c>seconds</c>, <c>bytes</c>, <c>ratio</c>); null when neither tells.</summary>
    public string? Unit { get; init; }

    /// <summary>When the value was taken, UTC: the sample's own timestamp, else the time of the scrape.</summary>
    public required DateTime Time { get; init; }

    /// <summary>Address that was scraped, without password.</summary>
    public required string Source { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Labels.Count == 0
        ? $"{Name} {Value}"
        : $"{Name}{{{string.Join(',', Labels.Select(label => $"{label.Key}=\"{label.Value}\""))}}} {Value}";
}
