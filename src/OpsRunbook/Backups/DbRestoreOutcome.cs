namespace OpsRunbook;

/// <summary>How far a restore came.</summary>
public enum DbRestoreOutcome
{
    /// <summary>Applications use the restored database; the one of before is kept.</summary>
    Replaced,

    /// <summary>The data is in a database of its own, verified; applications still use the one of before.</summary>
    Prepared,
}
