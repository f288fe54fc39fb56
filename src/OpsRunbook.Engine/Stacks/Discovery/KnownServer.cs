using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Stacks;

/// <summary>What a listening process is, told from its executable.</summary>
internal enum KnownServerKind
{
    /// <summary>A database.</summary>
    Database,

    /// <summary>A cache.</summary>
    Cache,

    /// <summary>A web server.</summary>
    WebServer,

    /// <summary>Prometheus, Alertmanager or Loki.</summary>
    Monitoring,

    /// <summary>Anything else that serves.</summary>
    Service,
}

/// <summary>A server program that is known by its name.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Name">Name for it in a stack.</param>
/// <param name="Database">Engine of a database; null for anything else.</param>
/// <param name="Scripted">An interpreter, whose script says more than its own name.</param>
/// <param name="Ports">Ports it listens on unless it is told otherwise.</param>
internal sealed record KnownServer(KnownServerKind Kind, string Name, DatabaseEngine? Database = null, bool Scripted = false, params int[] Ports)
{
    private static readonly Dictionary<string, KnownServer> Programs = new(StringComparer.Ordinal)
    {
        ["postgres"] = new(KnownServerKind.Database, "postgres", DatabaseEngine.Postgres, false, 5432),
        ["postmaster"] = new(KnownServerKind.Database, "postgres", DatabaseEngine.Postgres, false, 5432),
        ["mysqld"] = new(KnownServerKind.Database, "mysql", DatabaseEngine.MySql, false, 3306),
        ["mariadbd"] = new(KnownServerKind.Database, "mariadb", DatabaseEngine.MariaDb, false, 3306),
        ["mongod"] = new(KnownServerKind.Database, "mongodb", DatabaseEngine.MongoDb, false, 27017),
        ["redis-server"] = new(KnownServerKind.Cache, "redis", null, false, 6379),
        ["valkey-server"] = new(KnownServerKind.Cache, "valkey", null, false, 6379),
        ["keydb-server"] = new(KnownServerKind.Cache, "keydb", null, false, 6379),
        ["nginx"] = new(KnownServerKind.WebServer, "nginx", null, false, 80, 443),
        ["openresty"] = new(KnownServerKind.WebServer, "nginx"),
        ["apache2"] = new(KnownServerKind.WebServer, "apache", null, false, 80, 443),
        ["httpd"] = new(KnownServerKind.WebServer, "apache", null, false, 80, 443),
        ["caddy"] = new(KnownServerKind.WebServer, "caddy"),
        ["haproxy"] = new(KnownServerKind.WebServer, "haproxy"),
        ["traefik"] = new(KnownServerKind.WebServer, "traefik"),
        ["prometheus"] = new(KnownServerKind.Monitoring, "prometheus", null, false, 9090),
        ["alertmanager"] = new(KnownServerKind.Monitoring, "alertmanager", null, false, 9093),
        ["loki"] = new(KnownServerKind.Monitoring, "loki", null, false, 3100),
        ["grafana"] = new(KnownServerKind.Service, "grafana"),
        ["grafana-server"] = new(KnownServerKind.Service, "grafana"),
        ["memcached"] = new(KnownServerKind.Service, "memcached"),
        ["rabbitmq-server"] = new(KnownServerKind.Service, "rabbitmq"),
        ["beam.smp"] = new(KnownServerKind.Service, "beam.smp"),
        ["node"] = new(KnownServerKind.Service, "node", Scripted: true),
        ["bun"] = new(KnownServerKind.Service, "bun", Scripted: true),
        ["deno"] = new(KnownServerKind.Service, "deno", Scripted: true),
        ["java"] = new(KnownServerKind.Service, "java", Scripted: true),
        ["dotnet"] = new(KnownServerKind.Service, "dotnet", Scripted: true),
        ["ruby"] = new(KnownServerKind.Service, "ruby", Scripted: true),
        ["gunicorn"] = new(KnownServerKind.Service, "gunicorn"),
        ["uvicorn"] = new(KnownServerKind.Service, "uvicorn"),
        ["puma"] = new(KnownServerKind.Service, "puma"),
    };

    /// <summary>
    /// Gives sockets whose owner this user may not see to the known servers that hold none: by the port in
    /// their arguments or title, else by their usual one.
    /// </summary>
    /// <param name="processes">Processes of the host.</param>
    /// <param name="sockets">Listening sockets.</param>
    /// <returns>The sockets, with owners where there is one candidate.</returns>
    public static IReadOnlyList<HostSocket> GuessOwners(IReadOnlyList<HostProcess> processes, IReadOnlyList<HostSocket> sockets)
    {
        var known = processes
            .Select(process => (Process: process, Server: Find(process.Name, process.CommandLine)))
            .Where(entry => entry.Server is { Ports.Length: > 0 })
            .ToList();
        var names = known.ToDictionary(entry => entry.Process.Pid, entry => entry.Server!.Name);
        var holders = sockets.Select(socket => socket.Pid).OfType<int>().ToHashSet();

        // Workers have their master as parent; it is the master that holds the socket.
        var candidates = known
            .Where(entry => !holders.Contains(entry.Process.Pid) && names.GetValueOrDefault(entry.Process.ParentPid) != entry.Server!.Name)
            .Select(entry => (entry.Process.Pid, Ports: ToldPort(entry.Process) is { } told ? [told] : entry.Server!.Ports))
            .ToList();
        return sockets
            .Select(socket => socket.Pid is null && candidates.Where(candidate => candidate.Ports.Contains(socket.Port)).Take(2).ToList() is [var only]
                ? socket with { Pid = only.Pid }
                : socket)
            .ToList();
    }

    /// <summary>The known server that a process is.</summary>
    /// <param name="name">Its short name.</param>
    /// <param name="commandLine">Its arguments.</param>
    /// <returns>Null when it is none.</returns>
    public static KnownServer? Find(string name, IReadOnlyList<string> commandLine)
    {
        // Versions stand in the name: php-fpm8.2, python3.11. Node and others rename their main thread.
        var program = commandLine.Count > 0 ? Path.GetFileName(commandLine[0].Split(' ')[0].TrimEnd(':')) : string.Empty;
        return Programs.GetValueOrDefault(program) ?? Programs.GetValueOrDefault(name)
            ?? (name.StartsWith("php-fpm", StringComparison.Ordinal) ? new KnownServer(KnownServerKind.Service, name)
                : name.StartsWith("python", StringComparison.Ordinal) ? new KnownServer(KnownServerKind.Service, "python", Scripted: true)
                : null);
    }

    // "redis-server 127.0.0.1:6379", "--port=3307", "-p 5433"
    private static int? ToldPort(HostProcess process)
    {
        var words = process.CommandLine.SelectMany(argument => argument.Split([' ', '='], StringSplitOptions.RemoveEmptyEntries)).ToList();
        var option = words.FindIndex(word => word is "--port" or "-p" or "-P");
        var told = option >= 0 && option + 1 < words.Count
            ? words[option + 1]
            : words.Skip(1).FirstOrDefault(word => word.Contains(':', StringComparison.Ordinal)) is { } address ? address[(address.LastIndexOf(':') + 1)..] : null;
        return int.TryParse(told, out var port) && port is > 0 and < 65536 ? port : null;
    }
}
