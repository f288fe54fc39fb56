namespace OpsRunbook;

/// <summary>
/// A stack: the services, databases, caches and certificates that belong together, and how they are
/// to be checked. Loaded from <c>opsrunbook.yaml</c> or discovered on this machine.
/// Dictionaries are keyed by the member's name and keep the order of the file.
/// </summary>
public sealed class OpsStack
{
    /// <summary>Name of the stack; of a discovered one, the machine's name.</summary>
    [StackKey("stack")]
    public string Name { get; set; } = string.Empty;

    /// <summary>File that it was loaded from; null when it was discovered.</summary>
    [StackIgnore]
    public string? Path { get; set; }

    /// <summary>What the stack is for; null when the file does not say.</summary>
    public string? Description { get; set; }

    /// <summary>Machines and how they are reached. A name that is not here is an error, except <c>local</c>.</summary>
    public Dictionary<string, StackHost> Hosts { get; set; } = [];

    /// <summary>Application services.</summary>
    public Dictionary<string, StackService> Services { get; set; } = [];

    /// <summary>Databases.</summary>
    public Dictionary<string, StackDatabase> Databases { get; set; } = [];

    /// <summary>Caches.</summary>
    public Dictionary<string, StackCache> Caches { get; set; } = [];

    /// <summary>Web servers and reverse proxies.</summary>
    public Dictionary<string, StackWebServer> WebServers { get; set; } = [];

    /// <summary>Certificates.</summary>
    public Dictionary<string, StackCertificate> Certificates { get; set; } = [];

    /// <summary>Backup sets.</summary>
    public Dictionary<string, StackBackup> Backups { get; set; } = [];

    /// <summary>Monitoring systems; null when there are none.</summary>
    public StackMonitoring? Monitoring { get; set; }

    /// <summary>Limits, with the runbooks' values as defaults.</summary>
    public StackThresholds Thresholds { get; set; } = new();
}
