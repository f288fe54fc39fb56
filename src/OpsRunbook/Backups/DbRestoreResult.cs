namespace OpsRunbook;

/// <summary>What <c>Restore-Database</c> has done.</summary>
public sealed record DbRestoreResult
{
    /// <summary>Healthy when all is done; Warning when the new database is ready but applications do not use it yet; Critical when it is in use and a service did not start.</summary>
    public required HealthStatus Status { get; init; }

    /// <summary>How far it came.</summary>
    public required DbRestoreOutcome Outcome { get; init; }

    /// <summary>Name of the backup in the stack.</summary>
    public required string Name { get; init; }

    /// <summary>Name of the set; null when a kept database was put back.</summary>
    public string? Set { get; init; }

    /// <summary>Database that now holds the data.</summary>
    public required string Database { get; init; }

    /// <summary>Name under which the database of before is kept; null when there was none, or it was not replaced.</summary>
    public string? KeptAs { get; init; }

    /// <summary>Command that puts the database of before back; null when there is none.</summary>
    public string? Undo { get; init; }

    /// <summary>What remains to be done; null for nothing.</summary>
    public string? NextStep { get; init; }

    /// <summary>Tables that were restored.</summary>
    public int Tables { get; init; }

    /// <summary>Rows in them.</summary>
    public long Rows { get; init; }

    /// <summary>Services that were stopped and started again, in the order of their starting.</summary>
    public IReadOnlyList<string> Services { get; init; } = [];

    /// <summary>How long everything took.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>How long applications were without a database or stopped; null when nothing was replaced.</summary>
    public TimeSpan? Downtime { get; init; }

    /// <summary>Set that <c>-BackupCurrent</c> made of the database of before; null for none.</summary>
    public string? BackedUpAs { get; init; }

    /// <summary>What was done, in one sentence.</summary>
    public required string Message { get; init; }

    /// <summary>Server and port, or socket.</summary>
    public required string Server { get; init; }

    /// <summary>Host from which the server is reached; <c>local</c> for this machine.</summary>
    public required string Host { get; init; }

    /// <summary>Name of the stack.</summary>
    public string Stack { get; init; } = string.Empty;
}
