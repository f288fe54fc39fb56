namespace OpsRunbook;

/// <summary>What became of one item of a clean-up.</summary>
public enum DiskCleanupOutcome
{
    /// <summary>It would be cleaned up to reach the target.</summary>
    Planned,

    /// <summary>It could be cleaned up too, but the target is reached without it.</summary>
    NotNeeded,

    /// <summary>It is cleaned up.</summary>
    Done,

    /// <summary>It was gone already when its turn came.</summary>
    Gone,

    /// <summary>It was left alone: it is no longer what was planned, or something uses it now.</summary>
    Changed,

    /// <summary>It could not be cleaned up; an error says why.</summary>
    Failed,
}
