namespace OpsRunbook.Engine.Stacks;

/// <summary>What a container image holds, told from its name.</summary>
internal static class ImageKind
{
    /// <summary>Last part of an image's name without registry, organisation, tag and digest: <c>postgres</c> of <c>ghcr.io/x/postgres:16</c>.</summary>
    public static string NameOf(string image)
    {
        var name = image.Split('@')[0];
        name = name[(name.LastIndexOf('/') + 1)..];
        return name.Split(':')[0].ToLowerInvariant();
    }

    /// <summary>Engine of a database image; null when it is none.</summary>
    public static DatabaseEngine? Database(string name) => name switch
    {
        "postgres" or "postgresql" or "postgis" or "pgvector" or "citus" => DatabaseEngine.Postgres,
        _ when name.StartsWith("timescaledb", StringComparison.Ordinal) => DatabaseEngine.Postgres,
        "mysql" or "mysql-server" or "percona" or "percona-server" => DatabaseEngine.MySql,
        "mariadb" or "mariadb-galera" => DatabaseEngine.MariaDb,
        "mongo" or "mongodb" or "mongodb-community-server" or "percona-server-mongodb" => DatabaseEngine.MongoDb,
        _ => null,
    };

    /// <summary>The image is Redis or a server that speaks its protocol.</summary>
    public static bool IsCache(string name) => name is "redis" or "redis-stack" or "redis-stack-server" or "valkey" or "keydb" or "dragonfly";

    /// <summary>Engine of a web server image; null when it is none.</summary>
    public static string? WebServer(string name) => name switch
    {
        "nginx" or "nginx-unprivileged" or "nginx-proxy" or "openresty" => "nginx",
        "traefik" or "caddy" or "haproxy" => name,
        "httpd" or "apache" => "apache",
        _ => null,
    };

    /// <summary>TCP port of a database engine.</summary>
    public static int DefaultPort(DatabaseEngine engine) => engine switch
    {
        DatabaseEngine.Postgres => 5432,
        DatabaseEngine.MongoDb => 27017,
        _ => 3306,
    };
}
