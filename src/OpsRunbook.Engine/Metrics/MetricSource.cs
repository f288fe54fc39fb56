namespace OpsRunbook.Engine.Metrics;

/// <summary>A page of metrics and from where it is fetched.</summary>
/// <param name="Url">Address as seen from the host.</param>
/// <param name="Host">Name of the host; null for this machine.</param>
public sealed record MetricSource(string Url, string? Host = null)
{
    /// <summary>Value of the <c>Authorization</c> header; null for none.</summary>
    public SecretReference? Authorization { get; init; }

    /// <summary>Longest time for one scrape.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Accept a certificate that this machine does not trust.</summary>
    public bool Insecure { get; init; }
}
