using System.Diagnostics;
using OpsRunbook.Engine.Certificates;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Endpoints;

/// <summary>Shakes hands with a TLS server and looks at what it presents.</summary>
internal static class TlsProbe
{
    /// <summary>Connects from a host and shakes hands.</summary>
    /// <param name="host">Where the connection starts.</param>
    /// <param name="address">Name or address as seen from there.</param>
    /// <param name="port">TCP port.</param>
    /// <param name="options">Name, trust.</param>
    /// <param name="timeout">Longest time for everything.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>What was seen.</returns>
    /// <exception cref="OpsException">The endpoint's failures.</exception>
    public static Task<TlsReading> HandshakeAsync(
        IHost host,
        string address,
        int port,
        TlsOptions options,
        TimeSpan timeout,
        CancellationToken cancellationToken)
    {
        var target = EndpointErrors.HostPort(address, port);
        var phase = "accept a connection";
        return Deadline.RunAsync(
            timeout,
            async token =>
            {
                var start = Stopwatch.GetTimestamp();
                await using var connection = await Connection.OpenAsync(host, address, port, token);
                if (options.StartTls is { } protocol)
                {
                    phase = $"change to TLS over {protocol}";
                    await StartTls.BeginAsync(protocol, connection.Stream, target, token);
                }

                phase = "complete the TLS handshake";
                await using var tls = await TlsSession.OpenAsync(connection.Stream, target, options, token);
                if (options.StartTls is { } begun)
                {
                    await StartTls.EndAsync(begun, tls.Stream, target, token);
                }

                return new TlsReading(connection.Timings(start, tls.Handshake), tls.Chain, tls.Problem);
            },
            () => EndpointErrors.Timeout(target, timeout, phase),
            cancellationToken);
    }
}
