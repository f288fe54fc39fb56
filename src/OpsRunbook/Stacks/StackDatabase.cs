namespace OpsRunbook;

/// <summary>A database.</summary>
public sealed class StackDatabase
{
    /// <summary>Kind of server.</summary>
    [StackRequired]
    public DatabaseEngine Engine { get; set; }

    /// <summary>Host from which <see cref="Server"/> is reached; null for this machine.</summary>
    [StackValue(RefersTo = new[] { "hosts" })]
    public string? Host { get; set; }

    /// <summary>Server name or address as seen from <see cref="Host"/>; null for <c>localhost</c>.</summary>
    public string? Server { get; set; }

    /// <summary>TCP port; null for the engine's own.</summary>
    [StackValue(Minimum = 1, Maximum = 65535)]
    public int? Port { get; set; }

    /// <summary>Unix socket directory (PostgreSQL) or file (MySQL), used instead of TCP; null for TCP.</summary>
    public string? Socket { get; set; }

    /// <summary>Database to log in to; null for the engine's administrative one.</summary>
    public string? Database { get; set; }

    /// <summary>User; null for the engine's default.</summary>
    public string? User { get; set; }

    /// <summary>Password; null for none (peer, certificate, or trust authentication).</summary>
    public SecretReference? Password { get; set; }

    /// <summary>Database that <see cref="User"/> belongs to (MongoDB); null for <see cref="Database"/>, and without one for <c>admin</c>.</summary>
    public string? AuthSource { get; set; }

    /// <summary>TLS: <c>disable</c>, <c>prefer</c>, <c>require</c>, <c>verify-ca</c>, <c>verify-full</c>; null for <c>prefer</c>.</summary>
    [StackValue(OneOf = new[] { "disable", "prefer", "require", "verify-ca", "verify-full" })]
    public string? Tls { get; set; }

    /// <summary>File with the certificate authorities to trust; null for the machine's own.</summary>
    public string? TlsCa { get; set; }

    /// <summary>What runs the server, when its unit or container is to be checked too; null for none.</summary>
    public ServiceManagerKind? Manager { get; set; }

    /// <summary>Unit or container of the server; null means the member's own name.</summary>
    public string? Unit { get; set; }

    /// <summary>Compose file, for a compose service; null for none.</summary>
    public string? ComposeFile { get; set; }

    /// <summary>Compose project; null for the compose tool's default.</summary>
    public string? Project { get; set; }

    /// <summary>Members that it cannot work without.</summary>
    [StackValue(RefersTo = new[] { "services", "databases", "caches", "webServers" })]
    public List<string> DependsOn { get; set; } = [];

    /// <summary>Log files or globs; in braces a LogQL selector, for what is in Loki: <c>{app="api"}</c>.</summary>
    public List<string> Logs { get; set; } = [];

    /// <summary>A session that is idle for longer may be ended; null when the file does not say.</summary>
    public TimeSpan? IdleTimeout { get; set; }

    /// <summary>A query that runs longer is slow; null for 1 second.</summary>
    public TimeSpan? SlowQuery { get; set; }

    /// <summary>Name of the replica set (MongoDB); null for none.</summary>
    public string? ReplicaSet { get; set; }

    /// <summary>How the application's own users are listed and changed (<c>Set-AppUser</c>); null for not at all.</summary>
    public StackAppUsers? AppUsers { get; set; }

    /// <summary>What the server may use; null for no limits.</summary>
    public StackLimits? Limits { get; set; }

    /// <summary>Longest time to wait for an answer; null for 5 seconds.</summary>
    public TimeSpan? Timeout { get; set; }
}
