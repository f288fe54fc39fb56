using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Endpoints;

/// <summary>One bounded HTTP request, made from a host.</summary>
public static class HttpProbe
{
    /// <summary>Sends the request and reads at most <see cref="HttpProbeRequest.MaximumBodyBytes"/> of the answer.</summary>
    /// <param name="host">Where the connection starts.</param>
    /// <param name="request">What to ask.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    /// <returns>The answer, whatever its status.</returns>
    /// <exception cref="OpsException">
    /// <c>Endpoint.NameUnknown</c>, <c>Endpoint.PortClosed</c>, <c>Endpoint.Unreachable</c>, <c>Endpoint.Timeout</c>,
    /// <c>Endpoint.TlsFailed</c>, <c>Endpoint.TlsNameMismatch</c>, <c>Endpoint.TlsUntrusted</c>, <c>Endpoint.TlsExpired</c>,
    /// <c>Endpoint.TooManyRedirects</c>, <c>Endpoint.ProtocolError</c>.
    /// </exception>
    public static Task<HttpProbeResponse> SendAsync(IHost host, HttpProbeRequest request, CancellationToken cancellationToken) =>
        throw new NotSupportedException();
}
