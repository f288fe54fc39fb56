namespace OpsRunbook;

/// <summary>What a web server did over some time.</summary>
public sealed class AccessLogMeasurement
{
    /// <summary>Number of requests.</summary>
    public required long Requests { get; init; }

    /// <summary>The earliest request, UTC; null when there is none.</summary>
    public DateTime? From { get; init; }

    /// <summary>The latest request, UTC; null when there is none.</summary>
    public DateTime? To { get; init; }

    /// <summary>Bytes sent.</summary>
    public long Bytes { get; init; }

    /// <summary>Those with a status of 500 and above.</summary>
    public long ServerErrors { get; init; }

    /// <summary>Those with a status of 400 to 499.</summary>
    public long ClientErrors { get; init; }

    /// <summary>Share of <see cref="ServerErrors"/> among all requests, percent.</summary>
    public double ErrorShare { get; init; }

    /// <summary>Those that were refused because there were too many (429).</summary>
    public long TooManyRequests { get; init; }

    /// <summary>Half of the requests took no longer, right to about 3 %; null when the log has no durations.</summary>
    public TimeSpan? P50 { get; init; }

    /// <summary>95 % of the requests took no longer; null when the log has no durations.</summary>
    public TimeSpan? P95 { get; init; }

    /// <summary>99 % of the requests took no longer; null when the log has no durations.</summary>
    public TimeSpan? P99 { get; init; }

    /// <summary>The longest request; null when the log has no durations.</summary>
    public TimeSpan? Longest { get; init; }

    /// <summary>Number of requests by status code.</summary>
    public IReadOnlyDictionary<int, long> Codes { get; init; } = new Dictionary<int, long>();

    /// <summary>Number of requests by class of status: <c>2xx</c>, <c>5xx</c>.</summary>
    public IReadOnlyDictionary<string, long> Classes { get; init; } = new Dictionary<string, long>();

    /// <summary>Routes with the most requests.</summary>
    public IReadOnlyList<AccessLogRoute> TopRoutes { get; init; } = [];

    /// <summary>Routes with the longest <see cref="P95"/>, those with a handful of requests at the end; empty when the log has no durations.</summary>
    public IReadOnlyList<AccessLogRoute> SlowestRoutes { get; init; } = [];

    /// <summary>Routes with the most <see cref="ServerErrors"/>.</summary>
    public IReadOnlyList<AccessLogRoute> FailingRoutes { get; init; } = [];

    /// <summary>Clients with the most requests.</summary>
    public IReadOnlyList<AccessLogClient> TopClients { get; init; } = [];

    /// <summary>The same over time.</summary>
    public IReadOnlyList<AccessLogBucket> Buckets { get; init; } = [];

    /// <summary>Lines that are no requests.</summary>
    public long OtherLines { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Requests} requests, {ErrorShare}% server errors";
}
