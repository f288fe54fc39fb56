namespace OpsRunbook;

/// <summary>One set in a backup folder.</summary>
public sealed class DbBackup
{
    /// <summary>Healthy for a set that can be relied on; Critical for one that is damaged, failed a test, or is the newest and too old.</summary>
    public required HealthStatus Status { get; init; }

    /// <summary>What it is.</summary>
    public required BackupState State { get; init; }

    /// <summary>Name of the backup in the stack, or its address.</summary>
    public required string Name { get; init; }

    /// <summary>Name of the set's folder or file, unique in its <see cref="Directory"/>.</summary>
    public required string Set { get; init; }

    /// <summary>Kind of server that it comes from.</summary>
    public BackupEngine Engine { get; init; }

    /// <summary>Name of the database on its server; null when it is not known, or for all of them.</summary>
    public string? Database { get; init; }

    /// <summary>How the data is written.</summary>
    public BackupFormat Format { get; init; }

    /// <summary>Compression around it.</summary>
    public BackupCompression Compression { get; init; }

    /// <summary>Host that the folder is on: the stack's name for it, or <c>local</c>.</summary>
    public required string Host { get; init; }

    /// <summary>Folder of the sets.</summary>
    public required string Directory { get; init; }

    /// <summary>Absolute path of the set.</summary>
    public required string Path { get; init; }

    /// <summary>Number of the set, counted up from one to the next; sets are in its order, not in that of a clock. Null for sets that others made.</summary>
    public long? Sequence { get; init; }

    /// <summary>Begin of the backup, UTC; null when it was not recorded.</summary>
    public DateTime? Started { get; init; }

    /// <summary>End of the backup, UTC; for sets that others made, the time of the file. Null when it is not known.</summary>
    public DateTime? Ended { get; init; }

    /// <summary>Time since <see cref="Ended"/>; negative when that lies in the future, null when it is not known.</summary>
    public TimeSpan? Age { get; init; }

    /// <summary>Size of all its files, in bytes.</summary>
    public long Bytes { get; init; }

    /// <summary>Number of its files, the manifest aside.</summary>
    public int Files { get; init; }

    /// <summary>Highest level at which it was found good, and not bad since; null when it was never tested or the last test failed.</summary>
    public BackupLevel? Verified { get; init; }

    /// <summary>End of that test, UTC; null when there is none.</summary>
    public DateTime? VerifiedAt { get; init; }

    /// <summary>How it was tested, in one sentence; null when it was not.</summary>
    public string? VerifiedHow { get; init; }

    /// <summary>It was restored as a test and found whole.</summary>
    public bool IsVerified => Verified == BackupLevel.Restore;

    /// <summary>What it stands for: <c>daily</c>, <c>weekly</c>, <c>monthly</c> for the newest set of a day, week (from Monday) or month in UTC.</summary>
    public IReadOnlyList<string> Periods { get; init; } = [];

    /// <summary>Version of the server; null when it was not recorded.</summary>
    public string? ServerVersion { get; init; }

    /// <summary>Program and version that made it; null when it was not recorded.</summary>
    public string? Tool { get; init; }

    /// <summary>Who made it, <c>user@machine</c>; null when it was not recorded.</summary>
    public string? CreatedBy { get; init; }

    /// <summary>Everything that is to be said about it, the worst first; empty when there is nothing.</summary>
    public IReadOnlyList<string> Findings { get; init; } = [];

    /// <summary>One line: the worst finding, or how it was verified.</summary>
    public required string Message { get; init; }

    /// <summary>Name of the stack.</summary>
    public string Stack { get; init; } = string.Empty;
}
