using System.Globalization;
using OpsRunbook.Engine.Endpoints;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Health;

/// <summary>A TCP port that must accept a connection.</summary>
/// <param name="name">Name of the check in its result.</param>
/// <param name="host">Host from which the connection is made; null for this machine.</param>
/// <param name="endpoint"><c>host:port</c>, or a port of the host itself.</param>
/// <param name="timeout">Longest time to wait.</param>
public sealed class TcpCheck(string name, string? host, string endpoint, TimeSpan timeout) : IHealthCheck
{
    private const string Localhost = "localhost";

    /// <inheritdoc/>
    public string Name => name;

    /// <summary>A little more than the connection has, so that the probe's own words about the timeout are heard.</summary>
    public TimeSpan Timeout => timeout + TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    public async Task<CheckResult> RunAsync(StackSession session, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        if (!TryParse(endpoint, out var address, out var port))
        {
            return CheckResults.Unknown(Name, "Endpoint.UrlInvalid", $"{CheckResults.Quote(endpoint)} is not host:port.");
        }

        try
        {
            var from = session.Host(host);
            return Open(address, port, await ConnectAsync(from, address, port, cancellationToken));
        }
        catch (OpsException error)
        {
            return CheckResults.From(Name, error, EndpointErrors.HostPort(address, port));
        }
    }

    private async Task<ProbeTimings> ConnectAsync(IHost from, string address, int port, CancellationToken cancellationToken)
    {
        try
        {
            return await TcpProbe.ConnectAsync(from, address, port, timeout, cancellationToken);
        }
        catch (OpsException error) when (error.Id == "Endpoint.PortClosed" && address == Localhost)
        {
            // A service may listen on one address of the host only, which is not the loopback one.
            var sockets = await from.GetListeningSocketsAsync(cancellationToken);
            if (sockets.FirstOrDefault(socket => socket.Protocol == "tcp" && socket.Port == port) is not { } socket)
            {
                throw;
            }

            return await TcpProbe.ConnectAsync(from, socket.Address.ToString(), port, timeout, cancellationToken);
        }
    }

    private CheckResult Open(string address, int port, ProbeTimings timings) => new()
    {
        Name = Name,
        Status = HealthStatus.Healthy,
        Message = $"port {port} open in {Duration.Format(timings.Total)}",
        Target = EndpointErrors.HostPort(address, port),
        Latency = timings.Total,
        Measurements = [new Measurement("latency", timings.Total.TotalSeconds, "s", Minimum: 0)],
    };

    private static bool TryParse(string text, out string address, out int port)
    {
        var separator = text.LastIndexOf(':');
        address = separator < 0 ? Localhost : text[..separator].Trim('[', ']');
        return int.TryParse(text[(separator + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out port)
            && port is > 0 and <= 65535
            && address.Length > 0;
    }
}
