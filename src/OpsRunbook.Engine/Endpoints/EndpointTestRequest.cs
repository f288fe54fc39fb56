namespace OpsRunbook.Engine.Endpoints;

/// <summary>Endpoints to test and what is expected of them.</summary>
/// <param name="Addresses">The endpoints as written by the operator.</param>
public sealed record EndpointTestRequest(IReadOnlyList<string> Addresses)
{
    /// <summary>HTTP method.</summary>
    public string Method { get; init; } = "GET";

    /// <summary>HTTP statuses that are good (<c>200</c>, <c>2xx</c>, <c>200-399</c>); null for 200–399.</summary>
    public string? Status { get; init; }

    /// <summary>What the body must be: text, text with <c>*</c>, <c>/regex/</c>; null for anything.</summary>
    public string? Body { get; init; }

    /// <summary>Warning when the answer takes longer; null for no limit.</summary>
    public TimeSpan? MaxLatency { get; init; }

    /// <summary>Longest time for each endpoint.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a WebSocket must stay open without traffic; null for not at all.</summary>
    public TimeSpan? Idle { get; init; }

    /// <summary>Accept a certificate that this machine does not trust.</summary>
    public bool Insecure { get; init; }

    /// <summary>File with the certificate authorities to trust; null for the machine's own.</summary>
    public string? CaFile { get; init; }

    /// <summary>How often each endpoint is tested, a second apart.</summary>
    public int Count { get; init; } = 1;

    /// <summary>Most endpoints tested at the same time.</summary>
    public int ThrottleLimit { get; init; } = 512;
}
