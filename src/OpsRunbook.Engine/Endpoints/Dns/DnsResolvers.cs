using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace OpsRunbook.Engine.Endpoints.Dns;

/// <summary>Which resolvers are asked.</summary>
internal static class DnsResolvers
{
    private const int DefaultPort = 53;
    private const string ConfigurationFile = "/etc/resolv.conf";

    /// <summary>The resolvers that this machine uses.</summary>
    /// <returns>At least one.</returns>
    /// <exception cref="OpsException"><c>Dns.NoResolver</c>.</exception>
    public static IReadOnlyList<IPEndPoint> OfThisMachine()
    {
        IEnumerable<IPAddress> addresses = File.Exists(ConfigurationFile)
            ? FromConfiguration(File.ReadLines(ConfigurationFile))
            : NetworkInterface.GetAllNetworkInterfaces()
                .Where(card => card.OperationalStatus == OperationalStatus.Up)
                .SelectMany(card => card.GetIPProperties().DnsAddresses);
        var resolvers = addresses.Distinct().Select(address => new IPEndPoint(address, DefaultPort)).ToList();
        return resolvers.Count > 0
            ? resolvers
            : throw new OpsException(
                "Dns.NoResolver", OpsErrorKind.NotFound, $"This machine has no resolver ({ConfigurationFile}).", "Name one with -Resolver 9.9.9.9.");
    }

    /// <summary>The <c>nameserver</c> lines of a configuration.</summary>
    /// <param name="lines">The file's lines.</param>
    /// <returns>Addresses in their order.</returns>
    public static IEnumerable<IPAddress> FromConfiguration(IEnumerable<string> lines) => lines
        .Select(line => line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
        .Where(words => words is ["nameserver", _, ..])
        .Select(words => IPAddress.TryParse(words[1], out var address) ? address : null)
        .OfType<IPAddress>();

    /// <summary>A resolver as an operator names it.</summary>
    /// <param name="text">Address or name, with a port when it is not 53.</param>
    /// <param name="cancellationToken">Ends the resolution of a name.</param>
    /// <returns>Address and port.</returns>
    /// <exception cref="OpsException"><c>Endpoint.AddressInvalid</c>, <c>Endpoint.NameUnknown</c>.</exception>
    public static async Task<IPEndPoint> ParseAsync(string text, CancellationToken cancellationToken)
    {
        var (host, port) = Endpoint.Split(text, DefaultPort);
        if (IPAddress.TryParse(host, out var address))
        {
            return new IPEndPoint(address, port);
        }

        try
        {
            return new IPEndPoint((await System.Net.Dns.GetHostAddressesAsync(host, cancellationToken))[0], port);
        }
        catch (SocketException error)
        {
            throw EndpointErrors.NameUnknown(host, error);
        }
    }

    /// <summary>A resolver for messages and results.</summary>
    /// <param name="resolver">Address and port.</param>
    /// <returns>The address, with the port when it is not 53.</returns>
    public static string Text(IPEndPoint resolver) => resolver.Port == DefaultPort ? resolver.Address.ToString() : resolver.ToString();
}
