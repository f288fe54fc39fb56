namespace OpsRunbook;

/// <summary>Requests of one stretch of time.</summary>
public sealed class AccessLogBucket
{
    /// <summary>Its beginning, UTC.</summary>
    public DateTime Time { get; init; }

    /// <summary>Its length.</summary>
    public TimeSpan Width { get; init; }

    /// <summary>Number of requests.</summary>
    public required long Requests { get; init; }

    /// <summary>Those with a status of 500 and above.</summary>
    public long ServerErrors { get; init; }

    /// <summary>Those with a status of 400 to 499.</summary>
    public long ClientErrors { get; init; }

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

    /// <inheritdoc/>
    public override string ToString() => $"{Display.Moment(Time)}: {Requests}";
}
