namespace OpsRunbook;

/// <summary>An application service.</summary>
public sealed class StackService
{
    /// <summary>What runs it; null when it is only reached over the network.</summary>
    public ServiceManagerKind? Manager { get; set; }

    /// <summary>Unit, pm2 application, compose service, container, or executable name; null means the member's own name.</summary>
    public string? Unit { get; set; }

    /// <summary>Host it runs on; null for this machine.</summary>
    public string? Host { get; set; }

    /// <summary>Compose file, for a compose service; null for the one in the working directory.</summary>
    public string? ComposeFile { get; set; }

    /// <summary>Compose project; null for the compose tool's default.</summary>
    public string? Project { get; set; }

    /// <summary>User whose pm2 daemon runs it; null for the connecting user.</summary>
    public string? User { get; set; }

    /// <summary>TCP ports it listens on; each is checked.</summary>
    public List<int> Ports { get; set; } = [];

    /// <summary>HTTP, TCP or command checks. One mapping or a list of them.</summary>
    public List<StackHealthCheck> Health { get; set; } = [];

    /// <summary>Members that it cannot work without.</summary>
    public List<string> DependsOn { get; set; } = [];

    /// <summary>Log files or globs.</summary>
    public List<string> Logs { get; set; } = [];

    /// <summary>Environment keys that must be set.</summary>
    public List<string> RequiredEnvironment { get; set; } = [];
}
