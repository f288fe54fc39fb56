namespace OpsRunbook;

/// <summary>A web server or reverse proxy.</summary>
public sealed class StackWebServer
{
    /// <summary><c>nginx</c>, <c>apache</c>, <c>caddy</c>, <c>traefik</c> or <c>haproxy</c>. Configuration is read of nginx only; the others are checked by unit, port and HTTP.</summary>
    [StackValue(OneOf = new[] { "nginx", "apache", "caddy", "traefik", "haproxy" })]
    public string Engine { get; set; } = "nginx";

    /// <summary>Host it runs on; null for this machine.</summary>
    [StackValue(RefersTo = new[] { "hosts" })]
    public string? Host { get; set; }

    /// <summary>What runs it; null when it is only reached over the network.</summary>
    public ServiceManagerKind? Manager { get; set; }

    /// <summary>Unit or container; null means the member's own name.</summary>
    public string? Unit { get; set; }

    /// <summary>Compose file, for a compose service; null for none.</summary>
    public string? ComposeFile { get; set; }

    /// <summary>Compose project; null for the compose tool's default.</summary>
    public string? Project { get; set; }

    /// <summary>Main configuration file; null for the server's own default.</summary>
    public string? Config { get; set; }

    /// <summary>TCP ports it listens on; each is checked.</summary>
    [StackValue(Minimum = 1, Maximum = 65535)]
    public List<int> Ports { get; set; } = [];

    /// <summary>HTTP, TCP or command checks. One mapping or a list of them.</summary>
    public List<StackHealthCheck> Health { get; set; } = [];

    /// <summary>Longest time that a proxied request may stay silent, as it should be configured; null when the file does not say.</summary>
    public TimeSpan? ProxyTimeout { get; set; }

    /// <summary>Members that it cannot work without.</summary>
    [StackValue(RefersTo = new[] { "services", "databases", "caches", "webServers" })]
    public List<string> DependsOn { get; set; } = [];

    /// <summary>Log files or globs; in braces a LogQL selector, for what is in Loki: <c>{app="api"}</c>.</summary>
    public List<string> Logs { get; set; } = [];
}
