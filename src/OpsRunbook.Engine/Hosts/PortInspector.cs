namespace OpsRunbook.Engine.Hosts;

/// <summary>Tells who holds the ports of a host, and which member of the stack wants them.</summary>
public static class PortInspector
{
    /// <summary>The listening ports.</summary>
    /// <param name="host">Host to look at.</param>
    /// <param name="stack">Stack whose members want ports; null for none.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The ports in their order.</returns>
    public static async Task<IReadOnlyList<ListeningPort>> GetPortsAsync(IHost host, OpsStack? stack, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(host);
        var processes = host.GetProcessesAsync(cancellationToken);
        var sockets = await host.GetListeningSocketsAsync(cancellationToken);
        var byPid = (await processes).ToDictionary(process => process.Pid);
        var owners = await ServiceOwners.CreateAsync(host, await processes, cancellationToken);
        var wanted = stack is null ? [] : Wanted(stack, host.Name).ToList();
        var ports = new List<ListeningPort>();
        foreach (var socket in sockets)
        {
            var process = socket.Pid is { } pid ? byPid.GetValueOrDefault(pid) : null;

            // Docker's proxy holds published ports for their containers.
            var owner = process is null || process.Name == "docker-proxy" ? owners.Publisher(socket.Port, socket.Protocol) : null;
            owner ??= process is null ? null : await owners.FindAsync(process.Pid, cancellationToken);
            var wanting = socket.Protocol == "tcp" ? wanted.Where(want => want.Port == socket.Port).ToList() : [];
            ports.Add(new ListeningPort
            {
                Host = host.Name,
                Protocol = socket.Protocol,
                Address = socket.Address.ToString(),
                Port = socket.Port,
                Pid = socket.Pid,
                Process = process?.Name,
                User = process?.User,
                StartTime = process?.StartTime,
                Service = owner?.Display,
                Manager = owner?.Manager,
                WantedBy = wanting.Select(want => want.Member).Distinct(StringComparer.Ordinal).ToList(),
                Conflict = Conflict(wanting, process, owner),
            });
        }

        return ports;
    }

    /// <summary>A member of the stack should listen there.</summary>
    /// <param name="host">Host to look at.</param>
    /// <param name="stack">Stack whose members want ports.</param>
    /// <param name="port">The port.</param>
    /// <returns>True when one should.</returns>
    public static bool IsWanted(IHost host, OpsStack stack, int port)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(stack);
        return Wanted(stack, host.Name).Any(want => want.Port == port);
    }

    /// <summary>The failure to find anybody on a port.</summary>
    /// <param name="host">Host that was looked at.</param>
    /// <param name="stack">Stack whose members want ports.</param>
    /// <param name="port">The port.</param>
    /// <returns>An error that names the member that wants the port.</returns>
    public static OpsException NothingListens(IHost host, OpsStack stack, int port)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(stack);
        var members = Wanted(stack, host.Name).Where(want => want.Port == port).Select(want => want.Member).Distinct(StringComparer.Ordinal).ToList();
        return new OpsException(
            "Endpoint.PortClosed",
            OpsErrorKind.NotFound,
            $"Nothing listens on port {port} of {host.Name}{(members.Count == 0 ? string.Empty : $", which {string.Join(" and ", members)} should hold")}.",
            members.Count == 0 ? "Check the port and the host." : $"Look at the service: Get-ServiceHealth {members[0]}.",
            port);
    }

    private static bool? Conflict(List<Want> wanting, HostProcess? process, ServiceOwner? owner)
    {
        var decided = wanting.Where(want => want.Manager is not null).ToList();
        return decided.Count == 0 || (process is null && owner is null)
            ? null
            : !decided.Exists(want => want.Manager == ServiceManagerKind.Process
                ? process is not null && IsNamed(process, want.Unit)
                : owner is not null && owner.Manager == want.Manager && IsUnit(owner, want));
    }

    private static bool IsUnit(ServiceOwner owner, Want want)
    {
        const string suffix = ".service";
        var unit = want.Unit.EndsWith(suffix, StringComparison.Ordinal) ? want.Unit[..^suffix.Length] : want.Unit;

        // A template's instances belong to it: Debian's "postgresql" is run by "postgresql@15-main".
        return (owner.Name == unit || (owner.Manager == ServiceManagerKind.Systemd && owner.Name.StartsWith(unit + "@", StringComparison.Ordinal)))
            && (want.Project is null || owner.Project is null || owner.Project == want.Project);
    }

    private static bool IsNamed(HostProcess process, string unit) =>
        process.Name == unit || process.CommandLine.Take(2).Any(word => word == unit || Path.GetFileName(word) == unit)
        || (process.CommandLine.Count > 0 && process.CommandLine[0].StartsWith(unit + ":", StringComparison.Ordinal));

    private static IEnumerable<Want> Wanted(OpsStack stack, string host)
    {
        foreach (var (name, service) in stack.Services.Where(service => IsOn(service.Value.Host)))
        {
            foreach (var port in service.Ports)
            {
                yield return new Want(port, name, service.Manager, service.Unit ?? name, service.Project);
            }
        }

        foreach (var (name, server) in stack.WebServers.Where(server => IsOn(server.Value.Host)))
        {
            foreach (var port in server.Ports)
            {
                yield return new Want(port, name, server.Manager, server.Unit ?? name, server.Project);
            }
        }

        foreach (var (name, database) in stack.Databases.Where(database => IsOn(database.Value.Host) && IsHere(database.Value.Server) && database.Value.Socket is null))
        {
            yield return new Want(
                database.Port ?? Stacks.ImageKind.DefaultPort(database.Engine), name, database.Manager, database.Unit ?? name, database.Project);
        }

        foreach (var (name, cache) in stack.Caches.Where(cache => IsOn(cache.Value.Host) && IsHere(cache.Value.Server)))
        {
            yield return new Want(cache.Port ?? 6379, name, cache.Manager, cache.Unit ?? name, cache.Project);
        }

        bool IsOn(string? of) => (of ?? LocalHost.LocalName) == host;

        static bool IsHere(string? server) => server is null or "localhost" or "127.0.0.1" or "::1";
    }

    private sealed record Want(int Port, string Member, ServiceManagerKind? Manager, string Unit, string? Project);
}
