namespace OpsRunbook;

/// <summary>The outcome of one check of a service, database, cache, certificate or host.</summary>
public sealed class CheckResult
{
    /// <summary>What was checked in one or two words: <c>unit</c>, <c>http</c>, <c>tcp</c>, <c>login</c>, <c>connections</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The verdict.</summary>
    public required HealthStatus Status { get; init; }

    /// <summary>One line that names the cause when it is not healthy, and the reading when it is.</summary>
    public required string Message { get; init; }

    /// <summary>Stable identifier of the cause, as on an error (<c>Endpoint.Timeout</c>); null when healthy.</summary>
    public string? Reason { get; init; }

    /// <summary>What was looked at: URL (without password), <c>host:port</c>, unit name, path; null when nothing could be addressed.</summary>
    public string? Target { get; init; }

    /// <summary>How long the check took to answer; null when it measures no time or did not run.</summary>
    public TimeSpan? Latency { get; init; }

    /// <summary>Readings with their limits, for graphs and for performance data. Empty when there are none.</summary>
    public IReadOnlyList<Measurement> Measurements { get; init; } = [];

    /// <summary>When the check ended, UTC.</summary>
    public DateTime CheckedAt { get; init; } = DateTime.UtcNow;

    /// <inheritdoc/>
    public override string ToString() => $"{Name} {Status}: {Message}";
}
