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
    // RFC 8305: the next address gets its chance when the one before has not answered by then.
    private static readonly TimeSpan Stagger = TimeSpan.FromMilliseconds(250);

    /// <summary>True for this machine.</summary>
    public static bool IsLocal(IHost host) => string.Equals(host.Name, LocalHost.LocalName, StringComparison.Ordinal);

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
        if (!IsLocal(host))
        {
            var stream = await host.ConnectAsync(address, port, cancellationToken);
            return new Connection(stream, null, Stopwatch.GetElapsedTime(start), null);
        }

        var socket = default(Socket);
        try
        {
            TimeSpan? dns = null;
            if (IPAddress.TryParse(address, out var number))
            {
                socket = await ConnectAsync(number, port, cancellationToken);
            }
            else
            {
                var addresses = await System.Net.Dns.GetHostAddressesAsync(address, cancellationToken);
                dns = Stopwatch.GetElapsedTime(start);
                start = Stopwatch.GetTimestamp();
                socket = await ConnectAnyAsync(addresses, port, cancellationToken);
            }

            return new Connection(
                new NetworkStream(socket, ownsSocket: true),
                dns,
                Stopwatch.GetElapsedTime(start),
                ((IPEndPoint?)socket.RemoteEndPoint)?.Address);
        }
        catch (SocketException error)
        {
            socket?.Dispose();
            throw EndpointErrors.FromSocket(error, address, port, host);
        }
    }

    /// <summary>The timings so far, with the total taken now.</summary>
    public ProbeTimings Timings(long start, TimeSpan? tls = null, TimeSpan? firstByte = null) =>
        new(Dns, Connect, tls, firstByte, Stopwatch.GetElapsedTime(start));

    public ValueTask DisposeAsync() => Stream.DisposeAsync();

    private static async Task<Socket> ConnectAsync(IPAddress address, int port, CancellationToken cancellationToken)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(new IPEndPoint(address, port), cancellationToken);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static async Task<Socket> ConnectAnyAsync(IPAddress[] addresses, int port, CancellationToken cancellationToken)
    {
        if (addresses.Length == 0)
        {
            throw new SocketException((int)SocketError.NoData);
        }

        if (addresses.Length == 1)
        {
            return await ConnectAsync(addresses[0], port, cancellationToken);
        }

        using var others = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var attempts = new List<Task<Socket>>();
        var next = 0;
        SocketException? first = null;
        try
        {
            while (true)
            {
                if (next < addresses.Length)
                {
                    attempts.Add(ConnectAsync(addresses[next++], port, others.Token));
                }
                else if (attempts.Count == 0)
                {
                    throw first!;
                }

                var any = Task.WhenAny(attempts);
                if (next < addresses.Length)
                {
                    await Task.WhenAny(any, Task.Delay(Stagger, others.Token));
                    if (!any.IsCompleted)
                    {
                        cancellationToken.ThrowIfCancellationRequested();
                        continue;
                    }
                }

                var done = await any;
                attempts.Remove(done);
                try
                {
                    return await done;
                }
                catch (SocketException error)
                {
                    first ??= error;
                }
            }
        }
        finally
        {
            await others.CancelAsync();
            foreach (var attempt in attempts)
            {
                _ = attempt.ContinueWith(
                    static late => late.Result.Dispose(),
                    CancellationToken.None,
                    TaskContinuationOptions.OnlyOnRanToCompletion,
                    TaskScheduler.Default);
            }
        }
    }
}
