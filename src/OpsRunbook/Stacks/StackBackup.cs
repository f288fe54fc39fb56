namespace OpsRunbook;

/// <summary>Where backups of a database lie and how long they are kept.</summary>
public sealed class StackBackup
{
    /// <summary>Database of the stack that is backed up.</summary>
    [StackRequired]
    public string Database { get; set; } = string.Empty;

    /// <summary>Folder that holds the sets.</summary>
    [StackRequired]
    public string Directory { get; set; } = string.Empty;

    /// <summary>Host the folder is on; null for this machine.</summary>
    public string? Host { get; set; }

    /// <summary>What is kept; null keeps everything.</summary>
    public StackRetention? Retention { get; set; }

    /// <summary>The newest set must not be older; null for no limit.</summary>
    public TimeSpan? MaxAge { get; set; }

    /// <summary>When it is made, in words or as a cron expression; null when the file does not say.</summary>
    public string? Schedule { get; set; }
}
