namespace OpsRunbook;

/// <summary>Requests of one method and route.</summary>
public sealed class AccessLogRoute
{
    /// <summary>Method; empty when the request line was none.</summary>
    public string Method { get; init; } = string.Empty;

    /// <summary>Path without its query; ids are folded to <c>&lt;num&gt;</c>, <c>&lt;uuid&gt;</c> and so on. Holds what clients sent.</summary>
    public required string Route { get; init; }

    /// <summary>Number of requests.</summary>
    public required long Requests { get; init; }

    /// <summary>Those with a status of 500 and above.</summary>
    public long ServerErrors { get; init; }

    /// <summary>Those with a status of 400 to 499.</summary>
    public long ClientErrors { get; init; }

    /// <summary>Share of <see cref="ServerErrors"/> among all requests, percent.</summary>
    public double ErrorShare { get; init; }

    /// <summary>Those that were refused because there were too many (429).</summary>
    public long TooManyRequests { get; init; }

    /// <summary>Bytes sent.</summary>
    public long Bytes { get; init; }

    /// <summary>Half of the requests took no longer, right to about 3 %; null when the log has no durations.</summary>
    public TimeSpan? P50 { get; init; }

    /// <summary>95 % of the requests took no longer; null when the log has no durations.</summary>
    public TimeSpan? P95 { get; init; }

    /// <summary>99 % of the requests took no longer; null when the log has no durations.</summary>
    public TimeSpan? P99 { get; init; }

    /// <summary>The longest request; null when the log has no durations.</summary>
    public TimeSpan? Longest { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Requests} × {Method} {Route}";
}
