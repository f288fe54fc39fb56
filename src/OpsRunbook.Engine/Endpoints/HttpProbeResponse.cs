using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace OpsRunbook.Engine.Endpoints;

/// <summary>The answer to a probe.</summary>
/// <param name="StatusCode">HTTP status.</param>
/// <param name="Headers">Response headers, names without regard to case, values of repeated ones joined by a comma.</param>
/// <param name="Body">What was read of the body.</param>
/// <param name="BodyTruncated">The body was longer than allowed.</param>
/// <param name="Timings">How long each phase took, of the last hop.</param>
/// <param name="Url">Address of the last hop.</param>
/// <param name="Certificate">What the server presented; null without TLS.</param>
public sealed record HttpProbeResponse(
    int StatusCode,
    IReadOnlyDictionary<string, string> Headers,
    ReadOnlyMemory<byte> Body,
    bool BodyTruncated,
    ProbeTimings Timings,
    Uri Url,
    X509Certificate2? Certificate)
{
    /// <summary>Address of the last hop's server; null when another host resolved the name.</summary>
    public IPAddress? RemoteAddress { get; init; }

    /// <summary>What is wrong with the certificate of a request that was sent with <see cref="HttpProbeRequest.Insecure"/>; null when nothing is.</summary>
    public string? TlsProblem { get; init; }
}
