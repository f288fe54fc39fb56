namespace OpsRunbook;

/// <summary>Something that Prometheus scrapes.</summary>
public sealed class MetricTarget
{
    /// <summary>Healthy when the last scrape worked, Critical when it failed, Unknown before the first one.</summary>
    public required HealthStatus Status { get; init; }

    /// <summary>Label <c>job</c>; empty for none.</summary>
    public string Job { get; init; } = string.Empty;

    /// <summary>Label <c>instance</c>; empty for none.</summary>
    public string Instance { get; init; } = string.Empty;

    /// <summary>Address that is scraped, without a password.</summary>
    public required string Url { get; init; }

    /// <summary>Last scrape, UTC; null before the first one.</summary>
    public DateTime? LastScrape { get; init; }

    /// <summary>How long it took; null before the first one.</summary>
    public TimeSpan? ScrapeTime { get; init; }

    /// <summary>Why it failed; null when it did not.</summary>
    public string? LastError { get; init; }

    /// <summary>Labels of what is scraped.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <inheritdoc/>
    public override string ToString() => $"{Job} {Instance} {Status}";
}
