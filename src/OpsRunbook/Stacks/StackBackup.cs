namespace OpsRunbook;

/// <summary>Where backups of a database or a Redis server lie and how long they are kept.</summary>
public sealed class StackBackup
{
    /// <summary>Database of the stack that is backed up, or cache.</summary>
    [StackRequired]
    [StackValue(RefersTo = new[] { "databases", "caches" })]
    public string Database { get; set; } = string.Empty;

    /// <summary>Folder that holds the sets.</summary>
    [StackRequired]
    public string Directory { get; set; } = string.Empty;

    /// <summary>Host the folder is on; null for this machine.</summary>
    [StackValue(RefersTo = new[] { "hosts" })]
    public string? Host { get; set; }

    /// <summary>What is kept; null keeps everything.</summary>
    public StackRetention? Retention { get; set; }

    /// <summary>The newest set must not be older; null for no limit.</summary>
    public TimeSpan? MaxAge { get; set; }

    /// <summary>File names of the sets, a glob: <c>app-*.sql.gz</c>; null for those that this module writes.</summary>
    public string? Pattern { get; set; }

    /// <summary>Sets that must be there: <c>daily</c>, <c>weekly</c>, <c>monthly</c>; empty for just the newest.</summary>
    [StackValue(OneOf = new[] { "daily", "weekly", "monthly" })]
    public List<string> Sets { get; set; } = [];

    /// <summary>The stack's own command that makes a set, as an argument vector; null when this module makes it.</summary>
    [StackValue(Form = StackForm.Arguments)]
    public List<string>? Command { get; set; }

    /// <summary>The stack's own command that restores a set, as an argument vector; null when this module does it.</summary>
    [StackValue(Form = StackForm.Arguments)]
    public List<string>? Restore { get; set; }

    /// <summary>A set is restored as a test so often; null for never.</summary>
    public TimeSpan? TestEvery { get; set; }

    /// <summary>Query whose answer shows that restored data is whole: <c>SELECT count(*) FROM users</c>; null for none.</summary>
    public string? TestQuery { get; set; }

    /// <summary>When it is made, in words or as a cron expression; null when the file does not say.</summary>
    public string? Schedule { get; set; }
}
