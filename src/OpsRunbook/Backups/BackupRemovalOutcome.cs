namespace OpsRunbook;

/// <summary>What became of a set that was to be removed.</summary>
public enum BackupRemovalOutcome
{
    /// <summary>It is gone.</summary>
    Removed,

    /// <summary>It stays, because a rule or a guard keeps it.</summary>
    Kept,

    /// <summary>It could not be removed.</summary>
    Failed,
}
