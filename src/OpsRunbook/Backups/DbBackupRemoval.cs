namespace OpsRunbook;

/// <summary>What the retention of backups did with a set.</summary>
public sealed class DbBackupRemoval
{
    /// <summary>What became of it.</summary>
    public required BackupRemovalOutcome Outcome { get; init; }

    /// <summary>Name of the backup in the stack, or its address.</summary>
    public required string Name { get; init; }

    /// <summary>Name of the set.</summary>
    public required string Set { get; init; }

    /// <summary>Why, in one sentence.</summary>
    public required string Reason { get; init; }

    /// <summary>End of the backup, UTC; null for what is no set.</summary>
    public DateTime? Ended { get; init; }

    /// <summary>Size of its files in bytes; freed when it was removed.</summary>
    public long Bytes { get; init; }

    /// <summary>Host that it is on: the stack's name for it, or <c>local</c>.</summary>
    public required string Host { get; init; }

    /// <summary>Absolute path.</summary>
    public required string Path { get; init; }
}
