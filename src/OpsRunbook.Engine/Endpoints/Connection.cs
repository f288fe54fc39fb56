using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Endpoints;

/// <summary>An open TCP connection and how long it took.</summary>
/// <param name="Stream">Closes the connection when disposed.</param>
/// <param name="Dns">Name resolution; null when there was none here.</param>
/// <param name="Connect">TCP connection.</param>
/// <param name="RemoteAddress">Address that answered; null when another host resolved the name.</param>
internal sealed record Connection(Stream Stream, TimeSpan? Dns, TimeSpan Connect, IPAddress? RemoteAddress) : IAsyncDisposable
{
    /// <summary>Connects from a host, measuring resolution and connection apart where that can be seen.</summary>
    /// <param name="host">Where the connection starts.</param>
    /// <param name="address">Name or address as seen from there.</param>
    /// <param name="port">TCP port.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The connection.</returns>
    /// <exception cref="OpsException">The endpoint errors of <see cref="IHost.ConnectAsync"/>.</exception>
    public static async Task<Connection> OpenAsync(IHost host, string address, int port, CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        if (host is not LocalHost)
        {
            var stream = await host.ConnectAsync(address, port, cancellationToken);
            return new Connection(stream, null, Stopwatch.GetElapsedTime(start), null);
        }

        try
        {
            var addresses = await SocketConnector.ResolveAsync(host.Name, address, cancellationToken);
            TimeSpan? dns = IPAddress.TryParse(address, out _) ? null : Stopwatch.GetElapsedTime(start);
            start = Stopwatch.GetTimestamp();
            var socket = await SocketConnector.ConnectAnyAsync(addresses, port, cancellationToken);
            var connect = Stopwatch.GetElapsedTime(start);
            return new Connection(new NetworkStream(socket, ownsSocket: true), dns, connect, (socket.RemoteEndPoint as IPEndPoint)?.Address);
        }
        catch (SocketException error)
        {
            throw SocketConnector.Classify(error, host.Name, EndpointErrors.HostPort(address, port));
        }
    }

    /// <summary>The timings so far, with the total taken now.</summary>
    public ProbeTimings Timings(long start, TimeSpan? tls = null, TimeSpan? firstByte = null) =>
        new(Dns, Connect, tls, firstByte, Stopwatch.GetElapsedTime(start));

    public ValueTask DisposeAsync() => Stream.DisposeAsync();
}
