namespace OpsRunbook;

/// <summary>A cache.</summary>
public sealed class StackCache
{
    /// <summary>Kind of server.</summary>
    public CacheEngine Engine { get; set; }

    /// <summary>Host from which <see cref="Server"/> is reached; null for this machine.</summary>
    [StackValue(RefersTo = new[] { "hosts" })]
    public string? Host { get; set; }

    /// <summary>Server name or address as seen from <see cref="Host"/>; null for <c>localhost</c>.</summary>
    public string? Server { get; set; }

    /// <summary>TCP port; null for 6379.</summary>
    [StackValue(Minimum = 1, Maximum = 65535)]
    public int? Port { get; set; }

    /// <summary>Database number.</summary>
    [StackValue(Minimum = 0, Maximum = 65535)]
    public int Database { get; set; }

    /// <summary>ACL user; null for the default user.</summary>
    public string? User { get; set; }

    /// <summary>Password; null for none.</summary>
    public SecretReference? Password { get; set; }

    /// <summary>TLS: <c>disable</c>, <c>require</c>, <c>verify-full</c>; null for <c>disable</c>.</summary>
    [StackValue(OneOf = new[] { "disable", "require", "verify-full" })]
    public string? Tls { get; set; }

    /// <summary>File with the certificate authorities to trust; null for the machine's own.</summary>
    public string? TlsCa { get; set; }

    /// <summary>Patterns of keys that no command deletes without force.</summary>
    public List<string> Protect { get; set; } = [];

    /// <summary>What runs the server; null for none.</summary>
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

    /// <summary>Longest time to wait for an answer; null for 5 seconds.</summary>
    public TimeSpan? Timeout { get; set; }
}
