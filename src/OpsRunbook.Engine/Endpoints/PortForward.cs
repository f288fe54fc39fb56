using System.Net;
using System.Net.Sockets;

namespace OpsRunbook.Engine.Endpoints;

/// <summary>
/// A port on this machine's loopback that leads to a connection made elsewhere, for drivers that take an
/// address but no stream. Lives as long as one command needs it.
/// </summary>
internal sealed class PortForward : IAsyncDisposable
{
    // An IPv6 socket that speaks IPv4 stands in the second table, its address behind a prefix.
    private static readonly string[] Tables = ["/proc/net/tcp", "/proc/net/tcp6"];

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<CancellationToken, Task<Stream>> _connect;
    private readonly Task _accepting;

    /// <summary>Begins to listen on a free port.</summary>
    /// <param name="connect">Makes the far connection, once for every one that is accepted.</param>
    public PortForward(Func<CancellationToken, Task<Stream>> connect)
    {
        _connect = connect;
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _accepting = AcceptAsync();
    }

    /// <summary>The port on 127.0.0.1.</summary>
    public int Port { get; }

    /// <summary>Why the last far connection could not be made; null when it could. What the driver saw was only an early end.</summary>
    public OpsException? Failure { get; private set; }

    /// <summary>Cuts every connection at once.</summary>
    public void Abort() => _stop.Cancel();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();

        // Only now: an accept that begins on a listener already closed is a failure, not an end.
        await _accepting;
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var pumps = new List<Task>();
        try
        {
            while (true)
            {
                pumps.Add(PumpAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(pumps);
        }
    }

    private async Task PumpAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                client.NoDelay = true;
                if (!IsOurs((IPEndPoint)client.Client.RemoteEndPoint!))
                {
                    return;
                }

                await using var far = await _connect(_stop.Token);
                await using var near = client.GetStream();
                using var ended = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
                var both = new[] { near.CopyToAsync(far, ended.Token), far.CopyToAsync(near, ended.Token) };
                await Task.WhenAny(both);

                // The drivers that use this never close one direction only.
                await ended.CancelAsync();
                await Task.WhenAll(both);
            }
            catch (OpsException error)
            {
                Failure = error;
            }
            catch (Exception error) when (error is IOException or OperationCanceledException or ObjectDisposedException or SocketException)
            {
                // One of the two ends went away, which the driver sees for itself.
            }
        }
    }

    /// <summary>
    /// The far connection has our rights (a login by the account's name, a tunnel), and every user of the
    /// machine can reach a loopback port. The kernel tells whose a connection is.
    /// </summary>
    private bool IsOurs(IPEndPoint client)
    {
        var tables = Tables.Where(File.Exists).ToList();
        if (tables.Count == 0)
        {
            return true;
        }

        var (near, far) = ($"0100007F:{client.Port:X4}", $"0100007F:{Port:X4}");
        string? owner = null;
        string? listener = null;
        foreach (var line in tables.SelectMany(File.ReadLines))
        {
            // sl, local, remote, state, queues, timer, retransmits, uid
            if (line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, var local, var remote, var state, _, _, _, var user, ..])
            {
                owner = local.EndsWith(near, StringComparison.Ordinal) && remote.EndsWith(far, StringComparison.Ordinal) ? user : owner;
                listener = local == far && state == "0A" ? user : listener;
            }
        }

        return owner is not null && owner == listener;
    }
}
