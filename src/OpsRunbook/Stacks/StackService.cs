namespace OpsRunbook;

/// <summary>An application service.</summary>
public sealed class StackService
{
    /// <summary>What runs it; null when it is only reached over the network.</summary>
    public ServiceManagerKind? Manager { get; set; }

    /// <summary>Unit, pm2 application, compose service, container, or executable name; null means the member's own name.</summary>
    public string? Unit { get; set; }

    /// <summary>Host it runs on; null for this machine.</summary>
    [StackValue(RefersTo = new[] { "hosts" })]
    public string? Host { get; set; }

    /// <summary>Compose file, for a compose service; null for the one in the working directory.</summary>
    public string? ComposeFile { get; set; }

    /// <summary>Compose project; null for the compose tool's default.</summary>
    public string? Project { get; set; }

    /// <summary>User whose pm2 daemon runs it; null for the connecting user.</summary>
    public string? User { get; set; }

    /// <summary>Folder of the pm2 daemon (<c>PM2_HOME</c>); null for the user's own, <c>~/.pm2</c>.</summary>
    public string? Pm2Home { get; set; }

    /// <summary>TCP ports it listens on; each is checked.</summary>
    [StackValue(Minimum = 1, Maximum = 65535)]
    public List<int> Ports { get; set; } = [];

    /// <summary>HTTP, TCP or command checks. One mapping or a list of them.</summary>
    public List<StackHealthCheck> Health { get; set; } = [];

    /// <summary>Members that it cannot work without.</summary>
    [StackValue(RefersTo = new[] { "services", "databases", "caches", "webServers" })]
    public List<string> DependsOn { get; set; } = [];

    /// <summary>Log files or globs.</summary>
    public List<string> Logs { get; set; } = [];

    /// <summary>Image of the container; null for none or when the compose file says it.</summary>
    public string? Image { get; set; }

    /// <summary>Folder of the application on its host; null when it does not matter.</summary>
    public string? Directory { get; set; }

    /// <summary>File that its environment comes from; null for none.</summary>
    public string? EnvironmentFile { get; set; }

    /// <summary>Address of its Prometheus metrics, as seen from its own host; null for none.</summary>
    [StackValue(Form = StackForm.Url)]
    public string? Metrics { get; set; }

    /// <summary>Request header that carries the id by which its log lines belong together; null for none.</summary>
    public string? CorrelationHeader { get; set; }

    /// <summary>Instances that should run; null for one, or for what the manager says.</summary>
    [StackValue(Minimum = 0, Maximum = 10000)]
    public int? Instances { get; set; }

    /// <summary>How it is relieved of running requests before it is stopped; null for not at all.</summary>
    public StackDrain? Drain { get; set; }

    /// <summary>Command that starts it, as an argument vector run in <see cref="Directory"/>; for the manager <c>process</c> only.</summary>
    [StackValue(Form = StackForm.Arguments)]
    public List<string>? Start { get; set; }

    /// <summary>What it may use; null for no limits.</summary>
    public StackLimits? Limits { get; set; }

    /// <summary>Environment keys that must be set.</summary>
    public List<string> RequiredEnvironment { get; set; } = [];
}
