namespace OpsRunbook;

/// <summary>How planned maintenance is done.</summary>
public sealed class StackMaintenance
{
    /// <summary>Users are told so long before; null when the file does not say.</summary>
    public TimeSpan? Notice { get; set; }

    /// <summary>Channels on which begin and end are announced.</summary>
    [StackValue(RefersTo = new[] { "announce" })]
    public List<string> Announce { get; set; } = [];

    /// <summary>When maintenance usually takes place, in words or as a cron expression; null when the file does not say.</summary>
    public string? Schedule { get; set; }

    /// <summary>Times in which nothing may be changed.</summary>
    public List<StackFreeze> Freeze { get; set; } = [];

    /// <summary>
    /// Alerts that are muted in Alertmanager until the end of the window. Each entry is a silence of its own: one condition, or several separated by
    /// commas (<c>job=~api-.*, severity=warning</c>). Empty for those that carry the stack's name as their label <c>stack</c>, as the rules of <c>Export-AlertRule</c> do.
    /// </summary>
    public List<string> Silence { get; set; } = [];

    /// <summary>Backup sets that are made and verified first.</summary>
    [StackValue(RefersTo = new[] { "backups" })]
    public List<string> Backups { get; set; } = [];

    /// <summary>Web servers that answer 503 meanwhile.</summary>
    [StackValue(RefersTo = new[] { "webServers" })]
    public List<string> MaintenanceMode { get; set; } = [];

    /// <summary>Page that is shown meanwhile, a file on the web server's host; null for a plain one.</summary>
    public string? Page { get; set; }

    /// <summary>Sent as <c>Retry-After</c>; null for the length of the window.</summary>
    public TimeSpan? RetryAfter { get; set; }

    /// <summary>Addresses or networks that still reach the application, for the operator's own tests.</summary>
    public List<string> Allow { get; set; } = [];

    /// <summary>Longest time to wait for running requests before services are stopped; null for no drain.</summary>
    public TimeSpan? Drain { get; set; }

    /// <summary>Services that are stopped, in order of their dependencies.</summary>
    [StackValue(RefersTo = new[] { "services" })]
    public List<string> Stop { get; set; } = [];

    /// <summary>What is to be noted before anything is changed, in words.</summary>
    public List<string> Record { get; set; } = [];

    /// <summary>Checks that must pass before users are let in again. One mapping or a list of them.</summary>
    public List<StackHealthCheck> SmokeTests { get; set; } = [];

    /// <summary>Tests that a person makes, in words.</summary>
    public List<string> ManualTests { get; set; } = [];

    /// <summary>The stack is watched for this long afterwards; null for not at all.</summary>
    public TimeSpan? Watch { get; set; }

    /// <summary>It is looked at so often meanwhile; null for every 10 seconds.</summary>
    public TimeSpan? WatchEvery { get; set; }
}
