namespace OpsRunbook;

/// <summary>What a test of a backup found.</summary>
public sealed class DbBackupTest
{
    /// <summary>Healthy for a set that is good as far as it was looked at, Critical for one that is not.</summary>
    public required HealthStatus Status { get; init; }

    /// <summary>Name of the backup in the stack.</summary>
    public required string Name { get; init; }

    /// <summary>Name of the set.</summary>
    public required string Set { get; init; }

    /// <summary>How thoroughly it was tested.</summary>
    public required BackupLevel Level { get; init; }

    /// <summary>It was found good.</summary>
    public bool Passed => Status == HealthStatus.Healthy;

    /// <summary>Tables that were restored; null when it was not restored.</summary>
    public int? Tables { get; init; }

    /// <summary>Rows in them; null when it was not restored.</summary>
    public long? Rows { get; init; }

    /// <summary>Size of the set, in bytes.</summary>
    public long Bytes { get; init; }

    /// <summary>How long the test took.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>First value that the stack's <c>testQuery</c> gave, as text; null when there is none or it was not reached.</summary>
    public string? Answer { get; init; }

    /// <summary>The verdict stands in the set's manifest.</summary>
    public bool IsRecorded { get; init; }

    /// <summary>How it was tested, or what is wrong, in one sentence.</summary>
    public required string Message { get; init; }

    /// <summary>Host that the set is on.</summary>
    public required string Host { get; init; }

    /// <summary>Folder of the sets.</summary>
    public required string Directory { get; init; }

    /// <summary>Server on which it was restored; null when it was not.</summary>
    public string? Server { get; init; }

    /// <summary>Begin of the test, UTC.</summary>
    public required DateTime StartedAt { get; init; }

    /// <summary>Name of the stack.</summary>
    public string Stack { get; init; } = string.Empty;
}
