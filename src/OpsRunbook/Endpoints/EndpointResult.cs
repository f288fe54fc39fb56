namespace OpsRunbook;

/// <summary>How one endpoint answered at one moment.</summary>
public sealed class EndpointResult
{
    /// <summary>The verdict: Critical when it does not answer or not as expected, Warning when it is slow, Unknown when it could not be tried.</summary>
    public required HealthStatus Status { get; init; }

    /// <summary>The address as given, without a password.</summary>
    public required string Uri { get; init; }

    /// <summary>How it was tested.</summary>
    public required EndpointKind Kind { get; init; }

    /// <summary>Host from which it was tested: the stack's name for it, or <c>local</c>.</summary>
    public string From { get; init; } = "local";

    /// <summary>HTTP status; null when there was none.</summary>
    public int? StatusCode { get; init; }

    /// <summary>Name resolution; null when the host resolves by itself (SSH, container), when there was nothing to resolve, or when it came to nothing.</summary>
    public TimeSpan? Dns { get; init; }

    /// <summary>TCP connection; null when there was none.</summary>
    public TimeSpan? Connect { get; init; }

    /// <summary>TLS handshake; null when there was none.</summary>
    public TimeSpan? Tls { get; init; }

    /// <summary>From the request sent to the first byte of the answer; null when there was none.</summary>
    public TimeSpan? FirstByte { get; init; }

    /// <summary>Everything: until the end of the answer, or until the failure.</summary>
    public required TimeSpan Total { get; init; }

    /// <summary>Address that answered; null when another host resolved the name, or nobody answered.</summary>
    public string? RemoteAddress { get; init; }

    /// <summary>One line: the cause when it is not healthy, else the reading.</summary>
    public required string Message { get; init; }

    /// <summary>Stable identifier of the cause, such as <c>Endpoint.PortClosed</c>; null when healthy.</summary>
    public string? Reason { get; init; }

    /// <summary>What to do about it; null when there is nothing useful to say.</summary>
    public string? NextStep { get; init; }

    /// <summary>End of validity of the certificate presented, UTC; null without TLS.</summary>
    public DateTime? CertificateExpires { get; init; }

    /// <summary>When the test ended, UTC.</summary>
    public DateTime CheckedAt { get; init; } = DateTime.UtcNow;

    /// <inheritdoc/>
    public override string ToString() => $"{Uri} {Status}: {Message}";
}
