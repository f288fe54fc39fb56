using System.Diagnostics;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Endpoints;

/// <summary>Opens a TCP connection and closes it.</summary>
public static class TcpProbe
{
    /// <summary>Connects from a host.</summary>
    /// <param name="host">Where the connection starts.</param>
    /// <param name="address">Name or address as seen from there.</param>
    /// <param name="port">TCP port.</param>
    /// <param name="timeout">Longest time for resolution and connection together.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>How long it took.</returns>
    /// <exception cref="OpsException"><c>Endpoint.NameUnknown</c>, <c>Endpoint.PortClosed</c>, <c>Endpoint.Unreachable</c>, <c>Endpoint.Timeout</c>, <c>Endpoint.LocalLimit</c>.</exception>
    public static Task<ProbeTimings> ConnectAsync(
        IHost host,
        string address,
        int port,
        TimeSpan timeout,
        CancellationToken cancellationToken) => Deadline.RunAsync(
            timeout,
            async token =>
            {
                var start = Stopwatch.GetTimestamp();
                await using var connection = await Connection.OpenAsync(host, address, port, token);
                return connection.Timings(start);
            },
            () => EndpointErrors.Timeout(EndpointErrors.HostPort(address, port), timeout, "accept a connection"),
            cancellationToken);
}
