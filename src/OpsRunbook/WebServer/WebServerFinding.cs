namespace OpsRunbook;

/// <summary>Something in the configuration of a web server that is wrong or should be looked at.</summary>
public sealed class WebServerFinding
{
    /// <summary>How bad it is.</summary>
    public required HealthStatus Status { get; init; }

    /// <summary>
    /// What was looked for: <c>Config</c>, <c>NotTested</c>, <c>NotReadable</c>, <c>ServerWarning</c>, <c>CertificateMissing</c>, <c>WebSocketHeaders</c>,
    /// <c>WebSocketTimeout</c>, <c>WebSocketPath</c>, <c>ProxyTimeout</c>, <c>UpstreamDown</c>, <c>MaintenanceMode</c>.
    /// </summary>
    public required string Rule { get; init; }

    /// <summary>What is wrong, in a sentence.</summary>
    public required string Message { get; init; }

    /// <summary>Site that it is about; null for none in particular.</summary>
    public string? Site { get; init; }

    /// <summary>File; null when it is not known.</summary>
    public string? File { get; init; }

    /// <summary>Line in that file, from 1; null when it is not known.</summary>
    public int? Line { get; init; }

    /// <summary>The message.</summary>
    /// <returns>For lists.</returns>
    public override string ToString() => Message;
}
