using System.Net;
using System.Net.Sockets;

namespace OpsRunbook.Engine.Hosts;

/// <summary>Opens connections from this machine and says what went wrong in the module's own terms.</summary>
internal static class SocketConnector
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    // RFC 8305: an address that does not answer must not delay the next one for long.
    private static readonly TimeSpan NextAddress = TimeSpan.FromMilliseconds(250);

    private static readonly IPAddress[] Localhost = [IPAddress.Loopback, IPAddress.IPv6Loopback];

    public static async Task<Stream> ConnectAsync(string host, string address, int port, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        try
        {
            var addresses = await ResolveAsync(host, address, limit.Token);
            return new NetworkStream(await ConnectAnyAsync(addresses, port, limit.Token), ownsSocket: true);
        }
        catch (SocketException error)
        {
            throw Classify(error, host, $"{address}:{port}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw TimedOut(host, $"{address}:{port}", Limit);
        }
    }

    public static async Task<Stream> ConnectUnixAsync(string host, string path, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (SocketException error)
        {
            socket.Dispose();
            throw Classify(error, host, path);
        }
        catch (ArgumentException error)
        {
            socket.Dispose();
            throw new OpsException(
                "Host.PathInvalid", OpsErrorKind.InvalidArgument, $"'{path}' cannot be a Unix socket: {error.Message}", "Use a shorter path.", path, error);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>The module's error for a failed connection.</summary>
    /// <param name="error">What the socket said.</param>
    /// <param name="host">Host it was opened from.</param>
    /// <param name="target">Address and port, or path.</param>
    /// <returns>An exception to throw.</returns>
    public static OpsException Classify(SocketException error, string host, string target) => error.SocketErrorCode switch
    {
        SocketError.ConnectionRefused => PortClosed(host, target, error),
        SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain => NameUnknown(host, target, error),
        SocketError.TimedOut => TimedOut(host, target, null, error),
        SocketError.AccessDenied => new OpsException(
            "Endpoint.Forbidden",
            OpsErrorKind.PermissionDenied,
            $"{target} may not be used from {host}: {error.Message}",
            "Run as a user that may use it, or look at the firewall's rules.",
            target,
            error),
        SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable => new OpsException(
            "Endpoint.LocalLimit",
            OpsErrorKind.OperationFailed,
            $"{target} was not tried: this process may open no more connections ({error.Message}).",
            "Lower -ThrottleLimit, or raise the limit of open files (ulimit -n).",
            target,
            error),
        SocketError.AddressNotAvailable or SocketError.Fault when target.StartsWith('/') => SocketMissing(host, target, error),
        _ when target.StartsWith('/') && !File.Exists(target) => SocketMissing(host, target, error),
        _ => Unreachable(host, target, error.Message, error),
    };

    public static OpsException PortClosed(string host, string target, Exception? inner = null) => new(
        "Endpoint.PortClosed",
        OpsErrorKind.Connection,
        $"Nothing listens on {target} (connection refused, seen from {host}).",
        "Check that the service runs and on which address and port it listens: Get-ListeningPort.",
        target,
        inner);

    public static OpsException NameUnknown(string host, string target, Exception? inner = null) => new(
        "Endpoint.NameUnknown",
        OpsErrorKind.NotFound,
        $"The name in {target} is not known on {host}.",
        "Check its spelling and the name resolution: Test-DnsRecord.",
        target,
        inner);

    public static OpsException TimedOut(string host, string target, TimeSpan? limit, Exception? inner = null) => new(
        "Endpoint.Timeout",
        OpsErrorKind.Timeout,
        $"{target} did not answer{(limit is { } time ? $" within {Duration.Format(time)}" : string.Empty)} (seen from {host}).",
        "A firewall may drop the packets, or the machine is down.",
        target,
        inner);

    public static OpsException Unreachable(string host, string target, string cause, Exception? inner = null) => new(
        "Endpoint.Unreachable",
        OpsErrorKind.Connection,
        $"{target} cannot be reached from {host}: {cause}",
        "Check the route and the firewall between the two.",
        target,
        inner);

    public static OpsException SocketMissing(string host, string path, Exception? inner = null) => new(
        "Endpoint.SocketMissing",
        OpsErrorKind.NotFound,
        $"The socket {path} does not exist on {host}.",
        "Check that the service runs and where it puts its socket.",
        path,
        inner);

    /// <summary>The addresses of a name; of a number, itself.</summary>
    public static async ValueTask<IPAddress[]> ResolveAsync(string host, string address, CancellationToken cancellationToken)
    {
        if (IPAddress.TryParse(address, out var literal))
        {
            return [literal];
        }

        // The resolver takes a thread for each question; the most frequent one needs no answer.
        if (address.Equals("localhost", StringComparison.OrdinalIgnoreCase))
        {
            return Localhost;
        }

        try
        {
            return await Dns.GetHostAddressesAsync(address, cancellationToken);
        }
        catch (ArgumentException error)
        {
            throw NameUnknown(host, address, error);
        }
    }

    /// <summary>Connects to the first of the addresses that answers.</summary>
    public static async Task<Socket> ConnectAnyAsync(IPAddress[] addresses, int port, CancellationToken cancellationToken)
    {
        if (addresses.Length == 1)
        {
            return await ConnectOneAsync(addresses[0], port, cancellationToken);
        }

        using var rest = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var attempts = new List<Task<Socket>>();
        var next = 0;
        SocketException? failure = null;
        try
        {
            while (next < addresses.Length || attempts.Count > 0)
            {
                if (next < addresses.Length)
                {
                    attempts.Add(ConnectOneAsync(addresses[next++], port, rest.Token));
                }

                var pause = next < addresses.Length ? NextAddress : Timeout.InfiniteTimeSpan;
                var first = await FirstAsync(attempts, pause, rest.Token);
                if (first < 0)
                {
                    continue;
                }

                var ended = attempts[first];
                attempts.RemoveAt(first);
                try
                {
                    return await ended;
                }
                catch (SocketException error)
                {
                    // A refusal says more than the missing route of another address family.
                    failure = error.SocketErrorCode == SocketError.ConnectionRefused ? error : failure ?? error;
                }
            }

            throw failure ?? new SocketException((int)SocketError.HostNotFound);
        }
        finally
        {
            await rest.CancelAsync();
            foreach (var attempt in attempts)
            {
                _ = attempt.ContinueWith(
                    static done =>
                    {
                        if (done.IsCompletedSuccessfully)
                        {
                            done.Result.Dispose();
                        }
                        else
                        {
                            _ = done.Exception;
                        }
                    },
                    CancellationToken.None,
                    TaskContinuationOptions.ExecuteSynchronously,
                    TaskScheduler.Default);
            }
        }
    }

    // Index of the first attempt that ended; -1 when the pause was over before.
    private static async Task<int> FirstAsync(List<Task<Socket>> attempts, TimeSpan pause, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var first = await Task.WhenAny([.. attempts, Task.Delay(pause, stop.Token)]);
        await stop.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
        return attempts.FindIndex(attempt => attempt == first);
    }

    private static async Task<Socket> ConnectOneAsync(IPAddress address, int port, CancellationToken cancellationToken)
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
}
