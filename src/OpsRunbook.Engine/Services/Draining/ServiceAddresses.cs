using System.Net;
using OpsRunbook.Engine.Docker;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Services;

/// <summary>Tells which of a web server's upstream servers are a service.</summary>
internal sealed class ServiceAddresses
{
    private readonly IHost _webHost;
    private readonly HashSet<int> _ports;
    private readonly IReadOnlyList<DockerContainer> _containers;
    private readonly HostNetwork _web;
    private readonly HostNetwork _service;
    private readonly Dictionary<string, IReadOnlyList<IPAddress>> _resolved = new(StringComparer.OrdinalIgnoreCase);

    private ServiceAddresses(IHost webHost, ServiceTarget target, IReadOnlyList<DockerContainer> containers, HostNetwork web, HostNetwork service)
    {
        _webHost = webHost;
        _ports = target.Ports.ToHashSet();
        _containers = containers;
        _web = web;
        _service = service;
    }

    /// <summary>Reads what there is to know of the two hosts.</summary>
    /// <param name="webHost">Host of the web server.</param>
    /// <param name="serviceHost">Host of the service, or of its containers' engine.</param>
    /// <param name="target">The service.</param>
    /// <param name="containers">Its running containers; empty when none are its own.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The addresses.</returns>
    public static async Task<ServiceAddresses> ReadAsync(
        IHost webHost, IHost serviceHost, ServiceTarget target, IReadOnlyList<DockerContainer> containers, CancellationToken cancellationToken)
    {
        var web = await HostNetwork.ReadAsync(webHost, cancellationToken);
        var service = ReferenceEquals(webHost, serviceHost) ? web : await HostNetwork.ReadAsync(serviceHost, cancellationToken);
        return new ServiceAddresses(webHost, target, containers, web, service);
    }

    /// <summary>Whether a server of an upstream is the service.</summary>
    /// <param name="server">The server.</param>
    /// <param name="cancellationToken">Ends the question what its name means.</param>
    /// <returns>True when it is.</returns>
    public async Task<bool> IsServiceAsync(UpstreamServer server, CancellationToken cancellationToken)
    {
        if (!_ports.Contains(server.Port) && !_containers.Any(container => IsInside(container, server.Port)))
        {
            return false;
        }

        // In a compose network a service and its containers are known by their names.
        if (_containers.Any(container => (container.Name == server.Address || container.ComposeService == server.Address) && IsInside(container, server.Port)))
        {
            return true;
        }

        foreach (var address in await ResolveAsync(server.Address, cancellationToken))
        {
            if (_containers.Any(container => container.Addresses.Values.Contains(address.ToString(), StringComparer.OrdinalIgnoreCase) && IsInside(container, server.Port)))
            {
                return true;
            }

            // 172.17.0.1 is the bridge of every machine with Docker: an address that both have means the web server's own machine.
            var isOwn = IPAddress.IsLoopback(address) || address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any) || _web.Addresses.Contains(address);
            if (_ports.Contains(server.Port) && (isOwn ? _web.Id == _service.Id : _service.Addresses.Contains(address)))
            {
                return true;
            }
        }

        return false;
    }

    private bool IsInside(DockerContainer container, int port) => ServiceConnections.PortsInside(container, _ports).Contains(port);

    // Asked on the web server's host, where the name may mean something else than here.
    private async Task<IReadOnlyList<IPAddress>> ResolveAsync(string name, CancellationToken cancellationToken)
    {
        if (IPAddress.TryParse(name, out var literal))
        {
            return [literal];
        }

        if (!_resolved.TryGetValue(name, out var addresses))
        {
            addresses = name.Equals("localhost", StringComparison.OrdinalIgnoreCase) ? [IPAddress.Loopback] : await AskAsync(name, cancellationToken);
            _resolved[name] = addresses;
        }

        return addresses;
    }

    private async Task<IReadOnlyList<IPAddress>> AskAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            var result = await _webHost.RunAsync(new HostCommand("getent", "ahosts", name), cancellationToken);
            return result.StandardOutput.Split('\n')
                .Select(line => IPAddress.TryParse(line.Split(' ')[0], out var address) ? address : null)
                .OfType<IPAddress>()
                .Distinct()
                .ToList();
        }
        catch (OpsException error) when (error.Id == "Host.CommandNotFound")
        {
            // A small image: only addresses and the names above are known there.
            return [];
        }
    }
}
