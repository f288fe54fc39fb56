namespace OpsRunbook.Engine.Endpoints;

/// <summary>What an endpoint that answered has told.</summary>
/// <param name="Message">The reading in a few words.</param>
/// <param name="Timings">Phases.</param>
internal sealed record EndpointReading(string Message, ProbeTimings Timings)
{
    /// <summary>HTTP status; null for none.</summary>
    public int? StatusCode { get; init; }

    /// <summary>Address that answered; null when not known.</summary>
    public string? RemoteAddress { get; init; }

    /// <summary>End of validity of the certificate, UTC; null without TLS.</summary>
    public DateTime? CertificateExpires { get; init; }

    /// <summary>Why the answer is not what was expected; null when it is.</summary>
    public (string Reason, string Message)? Fault { get; init; }

    /// <summary>Part of the total that was waited on purpose; null for none.</summary>
    public TimeSpan? Waited { get; init; }
}
