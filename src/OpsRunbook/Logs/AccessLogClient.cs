namespace OpsRunbook;

/// <summary>Requests of one client.</summary>
public sealed class AccessLogClient
{
    /// <summary>Address as the web server saw it: that of a proxy in front, where there is one.</summary>
    public required string Address { get; init; }

    /// <summary>Number of requests.</summary>
    public required long Requests { get; init; }

    /// <summary>Share of all requests, percent.</summary>
    public double Share { get; init; }

    /// <summary>Those with a status of 500 and above.</summary>
    public long ServerErrors { get; init; }

    /// <summary>Those with a status of 400 to 499.</summary>
    public long ClientErrors { get; init; }

    /// <summary>Those that were refused because there were too many (429).</summary>
    public long TooManyRequests { get; init; }

    /// <summary>Bytes sent.</summary>
    public long Bytes { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Requests} × {Address}";
}
