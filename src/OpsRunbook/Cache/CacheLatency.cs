namespace OpsRunbook;

/// <summary>How long a cache takes to answer a ping, as a client on this side of the connection sees it.</summary>
public sealed class CacheLatency
{
    /// <summary>Name of the cache in the stack, or its address.</summary>
    public required string Cache { get; init; }

    /// <summary>Server, <c>host:port</c>.</summary>
    public required string Node { get; init; }

    /// <summary>Pings that were answered.</summary>
    public required int Samples { get; init; }

    /// <summary>How long it was measured.</summary>
    public required TimeSpan Over { get; init; }

    /// <summary>The quickest answer.</summary>
    public required TimeSpan Minimum { get; init; }

    /// <summary>Half of the answers were at least this quick.</summary>
    public required TimeSpan Median { get; init; }

    /// <summary>90 percent of the answers were at least this quick.</summary>
    public required TimeSpan P90 { get; init; }

    /// <summary>99 percent of the answers were at least this quick.</summary>
    public required TimeSpan P99 { get; init; }

    /// <summary>The slowest answer.</summary>
    public required TimeSpan Maximum { get; init; }

    /// <summary>Number of answers by time, quickest first; times without an answer between the quickest and the slowest are there with 0.</summary>
    public required IReadOnlyList<CacheLatencyBucket> Histogram { get; init; }

    /// <summary>The measurement reached its end. False when the connection broke: the numbers are of a part only.</summary>
    public bool Complete { get; init; } = true;
}
