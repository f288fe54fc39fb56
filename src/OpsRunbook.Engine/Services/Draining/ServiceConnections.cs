using System.Globalization;
using System.Net;
using System.Text;
using OpsRunbook.Engine.Docker;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Services;

/// <summary>Who is connected to a service's ports, read where the service listens: on its host, or in its containers' networks.</summary>
internal sealed class ServiceConnections
{
    private const string HostTables = "/proc/net";
    private const long MaximumTable = 256 * 1024 * 1024;
    private static readonly string[] Tables = ["tcp", "tcp6"];

    private readonly IHost _host;
    private readonly List<(string Folder, HashSet<int> Ports)> _places;

    private ServiceConnections(IHost host, List<(string Folder, HashSet<int> Ports)> places)
    {
        _host = host;
        _places = places;
    }

    /// <summary>Finds out where the service listens.</summary>
    /// <param name="session">The stack in use.</param>
    /// <param name="target">The service.</param>
    /// <param name="containers">Its running containers; empty when none are its own.</param>
    /// <returns>The place to look at.</returns>
    public static ServiceConnections Of(StackSession session, ServiceTarget target, IReadOnlyList<DockerContainer> containers)
    {
        var ports = target.Ports.ToHashSet();
        var places = new List<(string, HashSet<int>)>();
        if (target.Manager is not (ServiceManagerKind.Docker or ServiceManagerKind.Compose))
        {
            places.Add((HostTables, ports));
        }

        foreach (var container in containers)
        {
            // The host's own table counts a published port once more for the engine's proxy, and not at all where the kernel forwards it.
            places.Add(container.NetworkMode == "host"
                ? (HostTables, ports)
                : (string.Create(CultureInfo.InvariantCulture, $"/proc/{container.Pid}/net"), PortsInside(container, ports)));
        }

        return new ServiceConnections(session.Host(target.HostName), places.DistinctBy(place => place.Item1).ToList());
    }

    /// <summary>The ports on which a container listens for a service's ports.</summary>
    /// <param name="container">The container.</param>
    /// <param name="ports">Ports as the stack names them: published ones, or the container's own.</param>
    /// <returns>Ports inside the container.</returns>
    public static HashSet<int> PortsInside(DockerContainer container, IEnumerable<int> ports) => ports
        .SelectMany(port => container.Ports.Where(mapped => mapped.Protocol == "tcp" && mapped.HostPort == port).Select(mapped => mapped.ContainerPort).DefaultIfEmpty(port))
        .ToHashSet();

    /// <summary>The other ends of the established connections.</summary>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>One for each connection.</returns>
    /// <exception cref="OpsException"><c>Host.NotSupported</c>, or the host cannot be reached.</exception>
    public async Task<IReadOnlyList<IPEndPoint>> ReadAsync(CancellationToken cancellationToken)
    {
        var found = new List<IPEndPoint>();
        foreach (var (folder, ports) in _places)
        {
            var tables = await Task.WhenAll(Tables.Select(table => _host.ReadFileAsync($"{folder}/{table}", MaximumTable, cancellationToken)));
            if (tables[0] is null)
            {
                // A container that has ended took its connections with it; a host always has the table.
                if (folder == HostTables || await _host.ReadFileAsync(HostTables + "/tcp", MaximumTable, cancellationToken) is null)
                {
                    throw HostErrors.NotSupported(_host.Name, "The list of connections");
                }

                continue;
            }

            var connections = tables.OfType<byte[]>().SelectMany(table => ProcParser.ParseConnections(Encoding.Latin1.GetString(table))).ToList();
            var own = folder == HostTables && _host is LocalHost ? OwnEnds(connections) : [];
            found.AddRange(connections
                .Where(connection => ports.Contains(connection.Local.Port) && !own.Contains((connection.Remote, connection.Local)))
                .Select(connection => connection.Remote));
        }

        return found;
    }

    // What this very process has open, such as the service's health checks, is no request to wait for.
    private static HashSet<(IPEndPoint Local, IPEndPoint Remote)> OwnEnds(IReadOnlyList<(IPEndPoint Local, IPEndPoint Remote, long Inode)> connections)
    {
        var inodes = ProcFiles.ReadOwnSockets();
        return connections.Where(connection => inodes.Contains(connection.Inode)).Select(connection => (connection.Local, connection.Remote)).ToHashSet();
    }
}
