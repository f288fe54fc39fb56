using OpsRunbook.Engine.Health;

namespace OpsRunbook.Engine.Endpoints;

/// <summary>What is expected of the endpoints, and how they are asked.</summary>
internal sealed record EndpointConditions
{
    /// <summary>HTTP method.</summary>
    public string Method { get; init; } = "GET";

    /// <summary>HTTP statuses that are good.</summary>
    public HttpStatusCondition StatusCode { get; init; } = HttpStatusCondition.Default;

    /// <summary>What the body must be; null for anything.</summary>
    public ValueExpectation? Body { get; init; }

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
}
