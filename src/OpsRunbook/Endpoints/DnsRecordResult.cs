namespace OpsRunbook;

/// <summary>What one resolver said about one name and type.</summary>
public sealed class DnsRecordResult
{
    /// <summary>The verdict: Critical when the record is missing or not as expected, Warning when resolvers differ, Unknown when the resolver did not answer the question.</summary>
    public required HealthStatus Status { get; init; }

    /// <summary>The name that was asked for.</summary>
    public required string Name { get; init; }

    /// <summary>Type of the records.</summary>
    public required DnsRecordType Type { get; init; }

    /// <summary>The resolver that was asked: address, and port when it is not 53.</summary>
    public required string Resolver { get; init; }

    /// <summary>The values, sorted; of an MX record preference and name. Empty when there are none.</summary>
    public IReadOnlyList<string> Values { get; init; } = [];

    /// <summary>What was expected; empty for anything.</summary>
    public IReadOnlyList<string> Expected { get; init; } = [];

    /// <summary>Shortest remaining time that the values may be cached; null when there are none.</summary>
    public TimeSpan? Ttl { get; init; }

    /// <summary>How long the resolver took to answer; null when it did not.</summary>
    public TimeSpan? Latency { get; init; }

    /// <summary>One line: the cause when it is not healthy, else where the name leads.</summary>
    public required string Message { get; init; }

    /// <summary>
    /// Stable identifier of the cause (<c>Dns.NameUnknown</c>, <c>Dns.NoData</c>, <c>Dns.ServerFailure</c>, <c>Dns.Refused</c>,
    /// <c>Dns.Timeout</c>, <c>Dns.Unexpected</c>, <c>Dns.Differs</c>); null when healthy.
    /// </summary>
    public string? Reason { get; init; }

    /// <summary>When the answer came, UTC.</summary>
    public DateTime CheckedAt { get; init; } = DateTime.UtcNow;

    /// <inheritdoc/>
    public override string ToString() => $"{Name} {Type} {Status}: {Message}";
}
