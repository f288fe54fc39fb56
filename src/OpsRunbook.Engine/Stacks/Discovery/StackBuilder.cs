using System.Net;
using OpsRunbook.Engine.Docker;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Stacks;

/// <summary>Puts what was found together to a stack, each thing once and under a name of its own.</summary>
internal sealed class StackBuilder
{
    // Units that belong to the system itself; when one of them fails, it is listed all the same.
    private static readonly HashSet<string> SystemUnits = new(StringComparer.Ordinal)
    {
        "containerd", "cron", "dbus", "docker", "getty", "init", "polkit", "rsyslog", "snapd", "systemd", "udisks2", "unattended-upgrades", "user",
    };

    private readonly string? _hostName;
    private readonly bool _local;
    private readonly HashSet<string> _names = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<(ServiceManagerKind Manager, string? Project, string Unit)> _known = [];
    private string? _nginx;

    public StackBuilder(string name, IHost host)
    {
        Stack = new OpsStack { Name = CleanName(name), Description = $"What was found running on {host.Name}." };
        _local = host is LocalHost;
        if (host is RemoteHost remote)
        {
            _hostName = host.Name;
            Stack.Hosts[host.Name] = remote.Definition;
        }
    }

    /// <summary>The stack so far.</summary>
    public OpsStack Stack { get; }

    public void AddContainers(IEnumerable<DockerContainer> containers)
    {
        var groups = containers
            .GroupBy(container => (container.ComposeProject, Service: container.ComposeService ?? container.Name))
            .OrderBy(group => group.Key.ComposeProject, StringComparer.Ordinal)
            .ThenBy(group => group.Key.Service, StringComparer.Ordinal)
            .ToList();

        // Names come first, so that dependencies can refer to them.
        var names = groups.ToDictionary(group => group.Key, group => NewName(group.Key.Service, group.Key.ComposeProject));
        foreach (var group in groups)
        {
            var container = group.FirstOrDefault(instance => instance.State == "running") ?? group.First();
            var compose = container.ComposeService is not null;
            var unit = new Unit(
                compose ? ServiceManagerKind.Compose : ServiceManagerKind.Docker,
                group.Key.Service,
                container.ComposeProject,
                container.ComposeFiles?.Split(',')[0]);
            _known.Add((unit.Manager, unit.Project, unit.Name));
            AddContainer(names[group.Key], container, unit, Dependencies(container)
                .Select(service => names.GetValueOrDefault((group.Key.ComposeProject, service)))
                .OfType<string>()
                .ToList());
        }
    }

    public async Task AddServersAsync(
        IReadOnlyList<HostProcess> processes, IReadOnlyList<HostSocket> sockets, ServiceOwners owners, CancellationToken cancellationToken)
    {
        var byPid = processes.ToDictionary(process => process.Pid);
        var found = new List<(HostProcess Process, ServiceOwner? Owner, HostSocket Socket)>();
        foreach (var socket in KnownServer.GuessOwners(processes, sockets).Where(socket => socket is { Protocol: "tcp", Pid: not null }))
        {
            if (byPid.TryGetValue(socket.Pid!.Value, out var process) && process.Name != "docker-proxy")
            {
                found.Add((process, await owners.FindAsync(process.Pid, cancellationToken), socket));
            }
        }

        foreach (var group in found
            .GroupBy(entry => entry.Owner is { } owner ? (object)owner : entry.Process.Pid)
            .OrderBy(group => group.Min(entry => entry.Socket.Port)))
        {
            var (process, owner, _) = group.OrderBy(entry => entry.Process.StartTime).First();
            var server = KnownServer.Find(process.Name, process.CommandLine);
            var unit = owner is null ? null : new Unit(owner.Manager, owner.Name, owner.Project, null, _local && owner.User == Environment.UserName ? null : owner.User);

            // Of processes that nothing supervises only programs that are known to be servers are taken.
            if ((unit is not null && _known.Contains((unit.Manager, unit.Project, unit.Name)))
                || (unit is null && server is null)
                || (unit?.Manager == ServiceManagerKind.Systemd && server is null && IsSystemUnit(unit.Name)))
            {
                continue;
            }

            if (unit is not null)
            {
                _known.Add((unit.Manager, unit.Project, unit.Name));
            }

            AddServer(server ?? new KnownServer(KnownServerKind.Service, process.Name), process, unit, group.Select(entry => entry.Socket).ToList());
        }
    }

    public void AddUnits(IEnumerable<SystemdUnit> units)
    {
        foreach (var unit in units.Where(unit => unit.Failed || (unit.Running && unit.Local && !IsSystemUnit(unit.Name))))
        {
            if (_known.Add((ServiceManagerKind.Systemd, null, unit.Name)))
            {
                AddService(NewName(unit.Name), new StackService(), new Unit(ServiceManagerKind.Systemd, unit.Name));
            }
        }
    }

    public void AddApplications(IEnumerable<Pm2Application> applications)
    {
        foreach (var application in applications)
        {
            if (_known.Add((ServiceManagerKind.Pm2, null, application.Name)))
            {
                AddService(NewName(application.Name), new StackService(), new Unit(ServiceManagerKind.Pm2, application.Name, User: application.User, Pm2Home: application.Home));
            }
            else
            {
                // Found by its port before; only pm2 itself knows whether the connecting user may ask for it.
                foreach (var service in Stack.Services.Where(service => service.Value.Manager == ServiceManagerKind.Pm2 && UnitOf(service) == application.Name))
                {
                    service.Value.User = application.User;
                    service.Value.Pm2Home = application.Home;
                }
            }
        }
    }

    public void AddCertificates(IEnumerable<FoundCertificate> certificates)
    {
        foreach (var certificate in certificates)
        {
            var name = NewName(certificate.Name, "certificate");
            Stack.Certificates[name] = new StackCertificate
            {
                File = certificate.File,
                Key = certificate.Key,
                Endpoint = certificate.Port is { } port ? $"localhost:{port}" : null,
                ServerName = certificate.ServerName,
                Host = _hostName,
                Renew = certificate.File.StartsWith("/etc/letsencrypt/live/", StringComparison.Ordinal) ? "certbot" : null,
                Reload = certificate.Port is null ? null : _nginx,
            };
        }
    }

    private static string UnitOf(KeyValuePair<string, StackService> service) => service.Value.Unit ?? service.Key;

    // "db:service_healthy:false,cache:service_started:false"
    private static IEnumerable<string> Dependencies(DockerContainer container) =>
        (container.Labels.GetValueOrDefault("com.docker.compose.depends_on") ?? string.Empty)
            .Split(',', StringSplitOptions.RemoveEmptyEntries)
            .Where(dependency => !dependency.Contains("completed", StringComparison.Ordinal))
            .Select(dependency => dependency.Split(':')[0]);

    private static bool IsSystemUnit(string unit) =>
        unit.StartsWith("systemd-", StringComparison.Ordinal) || SystemUnits.Contains(unit.Split('@')[0]);

    private static string CleanName(string name)
    {
        // As the loader wants names: nothing that a list, a wildcard or a terminal could take for something else.
        var clean = string.Concat(name.Select(letter => char.IsControl(letter) || letter is ',' or '*' or '?' or '[' or ']' ? '-' : letter)).Trim();
        return clean.Length == 0 ? "unnamed" : clean;
    }

    private void AddContainer(string name, DockerContainer container, Unit unit, List<string> dependsOn)
    {
        var image = ImageKind.NameOf(container.Image);
        var published = container.Ports.Where(port => port is { Protocol: "tcp", HostPort: not null }).ToList();
        if (ImageKind.Database(image) is { } engine)
        {
            var (server, port) = Address(container, ImageKind.DefaultPort(engine));
            Stack.Databases[name] = new StackDatabase
            {
                Engine = engine,
                Server = server,
                Port = port,
                Host = _hostName,
                Manager = unit.Manager,
                Unit = unit.NameUnless(name),
                Project = unit.Project,
                ComposeFile = unit.ComposeFile,
                DependsOn = dependsOn,
            };
        }
        else if (ImageKind.IsCache(image))
        {
            var (server, port) = Address(container, 6379);
            Stack.Caches[name] = new StackCache
            {
                Engine = CacheEngine.Redis,
                Server = server,
                Port = port,
                Host = _hostName,
                Manager = unit.Manager,
                Unit = unit.NameUnless(name),
                Project = unit.Project,
                ComposeFile = unit.ComposeFile,
                DependsOn = dependsOn,
            };
        }
        else if (ImageKind.WebServer(image) is { } web)
        {
            AddWebServer(name, web, unit, dependsOn, [.. published.Where(IsReachable).Select(port => port.HostPort!.Value).Distinct()], []);
        }
        else
        {
            AddMonitoring(image, published.FirstOrDefault(IsReachable)?.HostPort);
            AddService(
                name,
                new StackService { DependsOn = dependsOn, Ports = [.. published.Where(IsReachable).Select(port => port.HostPort!.Value).Distinct()] },
                unit);
        }
    }

    private static bool IsReachable(DockerPort port) => port.HostAddress is null or "0.0.0.0" or "::" or "" or "127.0.0.1" or "::1";

    // A published port is reached like any server; otherwise the container has an address that this machine routes to.
    private static (string? Server, int Port) Address(DockerContainer container, int port)
    {
        var published = container.Ports.FirstOrDefault(candidate => candidate.ContainerPort == port && candidate.HostPort is not null);
        return published is not null
            ? (IsReachable(published) ? null : published.HostAddress, published.HostPort!.Value)
            : (container.NetworkMode == "host" ? null : container.Addresses.Values.FirstOrDefault(), port);
    }

    private void AddServer(KnownServer server, HostProcess process, Unit? unit, List<HostSocket> sockets)
    {
        var name = NewName(unit?.Name ?? (server.Scripted ? ScriptName(process) ?? server.Name : server.Name), Suffix(sockets));
        unit ??= new Unit(ServiceManagerKind.Process, server.Scripted ? ScriptName(process, extension: true) ?? process.Name : process.Name);
        var ports = sockets.Where(IsLocal).Select(socket => socket.Port).Distinct().Order().ToList();
        var elsewhere = sockets.Where(socket => !ports.Contains(socket.Port)).DistinctBy(socket => socket.Port).ToList();
        var main = sockets.OrderBy(socket => IsLocal(socket) ? 0 : 1).ThenBy(socket => socket.Port).First();
        switch (server.Kind)
        {
            case KnownServerKind.Database:
                Stack.Databases[name] = new StackDatabase
                {
                    Engine = unit.Name.Contains("mariadb", StringComparison.Ordinal) ? DatabaseEngine.MariaDb : server.Database!.Value,
                    Server = IsLocal(main) ? null : main.Address.ToString(),
                    Port = main.Port,
                    Host = _hostName,
                    Manager = unit.Manager,
                    Unit = unit.NameUnless(name),
                };
                break;
            case KnownServerKind.Cache:
                Stack.Caches[name] = new StackCache
                {
                    Engine = CacheEngine.Redis,
                    Server = IsLocal(main) ? null : main.Address.ToString(),
                    Port = main.Port,
                    Host = _hostName,
                    Manager = unit.Manager,
                    Unit = unit.NameUnless(name),
                };
                break;
            case KnownServerKind.WebServer:
                AddWebServer(name, server.Name, unit, [], ports, elsewhere);
                break;
            default:
                if (server.Kind == KnownServerKind.Monitoring)
                {
                    AddMonitoring(server.Name, ports.Count > 0 ? ports[0] : null);
                }

                AddService(name, new StackService { Ports = ports, Health = TcpChecks(elsewhere) }, unit);
                break;
        }
    }

    private void AddWebServer(string name, string engine, Unit unit, List<string> dependsOn, List<int> ports, List<HostSocket> elsewhere)
    {
        _nginx ??= engine == "nginx" ? name : null;
        Stack.WebServers[name] = new StackWebServer
        {
            Engine = engine,
            Host = _hostName,
            Manager = unit.Manager,
            Unit = unit.NameUnless(name),
            Project = unit.Project,
            ComposeFile = unit.ComposeFile,
            DependsOn = dependsOn,
            Ports = ports,
            Health = TcpChecks(elsewhere),
        };
    }

    private void AddService(string name, StackService service, Unit unit)
    {
        service.Host = _hostName;
        service.Manager = unit.Manager;
        service.Unit = unit.NameUnless(name);
        service.Project = unit.Project;
        service.ComposeFile = unit.ComposeFile;
        service.User = unit.User;
        service.Pm2Home = unit.Pm2Home;
        Stack.Services[name] = service;
    }

    private void AddMonitoring(string name, int? port)
    {
        if (port is null || name is not ("prometheus" or "alertmanager" or "loki" or "grafana"))
        {
            return;
        }

        var address = $"http://localhost:{port}";
        Stack.Monitoring ??= new StackMonitoring { Host = _hostName };
        _ = name switch
        {
            "prometheus" => Stack.Monitoring.Prometheus ??= address,
            "alertmanager" => Stack.Monitoring.Alertmanager ??= address,
            "loki" => Stack.Monitoring.Loki ??= address,
            _ => Stack.Monitoring.Grafana ??= address,
        };
    }

    // "localhost" reaches what listens on every address or on the loopback one, but not 127.0.0.53 or 10.0.0.5.
    private static bool IsLocal(HostSocket socket) =>
        socket.Address.Equals(IPAddress.Any) || socket.Address.Equals(IPAddress.IPv6Any)
        || socket.Address.Equals(IPAddress.Loopback) || socket.Address.Equals(IPAddress.IPv6Loopback);

    private static List<StackHealthCheck> TcpChecks(IEnumerable<HostSocket> sockets) =>
        sockets.Select(socket => new StackHealthCheck { Tcp = new IPEndPoint(socket.Address, socket.Port).ToString() }).ToList();

    private static string? Suffix(List<HostSocket> sockets) => sockets.Count == 0 ? null : $"{sockets.Min(socket => socket.Port)}";

    // "node --inspect /srv/shop/server.js" is "server" of "shop"; an entry file's own name says nothing.
    private static string? ScriptName(HostProcess process, bool extension = false)
    {
        var script = process.CommandLine.Skip(1).FirstOrDefault(argument =>
            argument.Length > 0 && argument[0] != '-' && Path.GetExtension(argument) is ".js" or ".mjs" or ".cjs" or ".ts" or ".py" or ".rb" or ".jar" or ".dll");
        if (script is null || extension)
        {
            return script is null ? null : Path.GetFileName(script);
        }

        var name = Path.GetFileNameWithoutExtension(script);
        var folder = Path.GetFileName(Path.GetDirectoryName(script));
        return name is "index" or "main" or "server" or "app" && folder is { Length: > 0 } and not ("dist" or "src" or "build") ? folder : name;
    }

    private string NewName(string name, string? distinction = null)
    {
        var clean = CleanName(name);
        if (_names.Add(clean))
        {
            return clean;
        }

        if (distinction is not null && _names.Add($"{clean}-{CleanName(distinction)}"))
        {
            return $"{clean}-{CleanName(distinction)}";
        }

        for (var number = 2; ; number++)
        {
            if (_names.Add($"{clean}-{number}"))
            {
                return $"{clean}-{number}";
            }
        }
    }

    private sealed record Unit(ServiceManagerKind Manager, string Name, string? Project = null, string? ComposeFile = null, string? User = null, string? Pm2Home = null)
    {
        // A file reads better without "unit: api" below "api:".
        public string? NameUnless(string name) => Name == name ? null : Name;
    }
}
