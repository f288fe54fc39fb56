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

    /// <summary>Limits, with defaults that suit most applications.</summary>
    public StackThresholds Thresholds { get; set; } = new();

    /// <summary>Metrics to watch, with their limits.</summary>
    public Dictionary<string, StackMetric> Metrics { get; set; } = [];

    /// <summary>Alert rules.</summary>
    public Dictionary<string, StackAlert> Alerts { get; set; } = [];

    /// <summary>Severities, the worst first.</summary>
    public Dictionary<string, StackSeverity> Severities { get; set; } = [];

    /// <summary>Whom to call, and when; null when the file does not say.</summary>
    public StackEscalation? Escalation { get; set; }

    /// <summary>People, roles, teams and vendors.</summary>
    public Dictionary<string, StackContact> Contacts { get; set; } = [];

    /// <summary>Channels for announcements.</summary>
    public Dictionary<string, StackAnnounceChannel> Announce { get; set; } = [];

    /// <summary>How an incident is handled; null when the file does not say.</summary>
    public StackIncident? Incident { get; set; }

    /// <summary>How planned maintenance is done; null when the file does not say.</summary>
    public StackMaintenance? Maintenance { get; set; }

    /// <summary>Where what was done is remembered; null for files of the user who calls.</summary>
    public StackState? State { get; set; }

    /// <summary>What is checked and done regularly; null when the file does not say.</summary>
    public StackSchedules? Schedules { get; set; }

    /// <summary>Logs that belong to no single member, and how logs are rotated.</summary>
    public Dictionary<string, StackLog> Logs { get; set; } = [];

    /// <summary>Files and folders worth knowing, by a short name.</summary>
    public Dictionary<string, string> Paths { get; set; } = [];

    /// <summary>Addresses worth knowing, by a short name: status page, source, documents.</summary>
    [StackValue(Form = StackForm.Url)]
    public Dictionary<string, string> Links { get; set; } = [];
}
