using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Endpoints;

/// <summary>Sends one ICMP echo: by itself on this machine, through <c>ping</c> on another host.</summary>
internal static class PingProbe
{
    /// <summary>Sends the echo.</summary>
    /// <param name="host">Where it starts.</param>
    /// <param name="address">Whom to ask.</param>
    /// <param name="timeout">Longest time.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The reading.</returns>
    public static Task<EndpointReading> SendAsync(IHost host, EndpointAddress address, TimeSpan timeout, CancellationToken cancellationToken) =>
        Deadline.RunAsync(
            timeout,
            token => host is LocalHost ? LocalAsync(host, address.Host, timeout, token) : RemoteAsync(host, address.Host, timeout, token),
            () => NoAnswer(address.Host, timeout),
            cancellationToken);

    private static async Task<EndpointReading> LocalAsync(IHost host, string name, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        try
        {
            var addresses = await SocketConnector.ResolveAsync(host.Name, name, cancellationToken);
            TimeSpan? dns = IPAddress.TryParse(name, out _) ? null : Stopwatch.GetElapsedTime(start);
            using var ping = new Ping();
            var sent = Stopwatch.GetTimestamp();
            var reply = await ping.SendPingAsync(addresses[0], timeout, cancellationToken: cancellationToken);
            var took = Stopwatch.GetElapsedTime(sent);
            return reply.Status switch
            {
                IPStatus.Success => new EndpointReading(
                    $"answers in {Duration.Format(took)}",
                    new ProbeTimings(dns, null, null, took, Stopwatch.GetElapsedTime(start)))
                {
                    RemoteAddress = reply.Address.ToString(),
                },
                IPStatus.TimedOut => throw NoAnswer(name, timeout),
                var status => throw SocketConnector.Unreachable(host.Name, name, $"{status}."),
            };
        }
        catch (SocketException error)
        {
            throw SocketConnector.Classify(error, host.Name, name);
        }
        catch (PingException error) when (error.InnerException is SocketException socket)
        {
            throw SocketConnector.Unreachable(host.Name, name, socket.Message + ".", error);
        }
        catch (Exception error) when (error is PingException or PlatformNotSupportedException)
        {
            throw Unavailable(host, error.GetBaseException().Message, error);
        }
    }

    private static async Task<EndpointReading> RemoteAsync(IHost host, string name, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        var seconds = Math.Max(1, (int)Math.Ceiling(timeout.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        CommandResult result;
        try
        {
            result = await host.RunAsync(new HostCommand("ping", "-n", "-c", "1", "-W", seconds, name) { Timeout = timeout }, cancellationToken);
        }
        catch (OpsException error) when (error.Id == "Host.CommandNotFound")
        {
            throw Unavailable(host, "ping is not installed.", error);
        }

        if (!result.Succeeded)
        {
            throw result.StandardError.Trim().Length == 0 ? NoAnswer(name, timeout) : SocketConnector.Unreachable(host.Name, name, result.Summary + ".");
        }

        var at = result.StandardOutput.IndexOf("time=", StringComparison.Ordinal);
        var number = at < 0 ? string.Empty : result.StandardOutput[(at + 5)..].Split(' ')[0];
        TimeSpan? took = double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out var milliseconds) ? TimeSpan.FromMilliseconds(milliseconds) : null;
        return new EndpointReading(
            took is { } time ? $"answers in {Duration.Format(time)}" : "answers",
            new ProbeTimings(null, null, null, took, took ?? Stopwatch.GetElapsedTime(start)));
    }

    private static OpsException NoAnswer(string name, TimeSpan timeout) => new(
        "Endpoint.Timeout",
        OpsErrorKind.Timeout,
        $"{name} did not answer a ping within {Duration.Format(timeout)}.",
        "Many firewalls drop pings: try a port that must be open, such as tcp://host:22.",
        name);

    private static OpsException Unavailable(IHost host, string cause, Exception error) => new(
        "Endpoint.PingUnavailable",
        OpsErrorKind.NotInstalled,
        $"No ping can be sent from {host.Name}: {cause}",
        "Install ping (package iputils-ping), or test a TCP port.",
        host.Name,
        error);
}
