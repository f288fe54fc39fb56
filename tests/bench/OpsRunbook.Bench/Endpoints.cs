using System.Net;
using System.Net.Sockets;

namespace OpsRunbook.Bench;

/// <summary>10,000 TCP endpoints on loopback, against one nc for each.</summary>
internal static class Endpoints
{
    private const int Ports = 100;
    private const int Addresses = 100;

    public static async Task<Figure> MeasureAsync()
    {
        using var cancel = new CancellationTokenSource();
        var listeners = Enumerable.Range(0, Ports).Select(_ => Listen(cancel.Token)).ToList();
        var targets = listeners
            .SelectMany(port => Enumerable.Range(1, Addresses).Select(address => (Address: $"127.0.0.{address}", Port: port)))
            .ToList();
        var uris = string.Concat(targets.Select(target => $"tcp://{target.Address}:{target.Port}\n"));
        var pairs = string.Concat(targets.Select(target => $"{target.Address} {target.Port}\n"));
        var (ours, theirs) = await Run.PairAsync(
            3,
            () => Run.OnceAsync([Paths.Runner, "Test-Endpoint", "-OutputFormat", "NdJson"], uris),
            () => Run.OnceAsync(["sh", "-c", "xargs -P 64 -n 2 nc -z -w 2 && echo done"], pairs));
        await cancel.CancelAsync();
        var answered = ours.Output.Split('\n').Count(line => line.Contains("\"Healthy\"", StringComparison.Ordinal));
        if (answered != targets.Count)
        {
            throw new InvalidOperationException($"Only {answered} of {targets.Count} endpoints were reported healthy.");
        }

        return new Figure(
            "10,000 TCP endpoints on loopback",
            "`xargs -P 64` with `nc -z`",
            "≤ 5 s, ≤ 250 MB",
            $"{ours.Wall.TotalSeconds:0.00} s, {ours.PeakBytes / 1048576.0:0} MB",
            $"{theirs.Wall.TotalSeconds:0.00} s",
            $"{theirs.Wall / ours.Wall:0.0}×",
            ours.Wall <= TimeSpan.FromSeconds(5) && ours.PeakBytes <= 250L << 20);
    }

    private static int Listen(CancellationToken cancellationToken)
    {
        var listener = new TcpListener(IPAddress.Any, 0);
        listener.Server.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        listener.Start(4096);
        _ = AcceptAsync(listener, cancellationToken);
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static async Task AcceptAsync(TcpListener listener, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                (await listener.AcceptSocketAsync(cancellationToken)).Dispose();
            }
        }
        catch (OperationCanceledException)
        {
            listener.Stop();
        }
    }
}
