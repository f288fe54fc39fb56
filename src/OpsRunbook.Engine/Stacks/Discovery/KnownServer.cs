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
internal sealed record KnownServer(KnownServerKind Kind, string Name, DatabaseEngine? Database = null, bool Scripted = false)
{
    private static readonly Dictionary<string, KnownServer> Programs = new(StringComparer.Ordinal)
    {
        ["postgres"] = new(KnownServerKind.Database, "postgres", DatabaseEngine.Postgres),
        ["postmaster"] = new(KnownServerKind.Database, "postgres", DatabaseEngine.Postgres),
        ["mysqld"] = new(KnownServerKind.Database, "mysql", DatabaseEngine.MySql),
        ["mariadbd"] = new(KnownServerKind.Database, "mariadb", DatabaseEngine.MariaDb),
        ["mongod"] = new(KnownServerKind.Database, "mongodb", DatabaseEngine.MongoDb),
        ["redis-server"] = new(KnownServerKind.Cache, "redis"),
        ["valkey-server"] = new(KnownServerKind.Cache, "valkey"),
        ["keydb-server"] = new(KnownServerKind.Cache, "keydb"),
        ["nginx"] = new(KnownServerKind.WebServer, "nginx"),
        ["openresty"] = new(KnownServerKind.WebServer, "nginx"),
        ["apache2"] = new(KnownServerKind.WebServer, "apache"),
        ["httpd"] = new(KnownServerKind.WebServer, "apache"),
        ["caddy"] = new(KnownServerKind.WebServer, "caddy"),
        ["haproxy"] = new(KnownServerKind.WebServer, "haproxy"),
        ["traefik"] = new(KnownServerKind.WebServer, "traefik"),
        ["prometheus"] = new(KnownServerKind.Monitoring, "prometheus"),
        ["alertmanager"] = new(KnownServerKind.Monitoring, "alertmanager"),
        ["loki"] = new(KnownServerKind.Monitoring, "loki"),
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
}
