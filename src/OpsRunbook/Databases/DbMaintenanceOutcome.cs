namespace OpsRunbook;

/// <summary>What became of the maintenance of a table.</summary>
public enum DbMaintenanceOutcome
{
    /// <summary>It is done.</summary>
    Succeeded,

    /// <summary>It was left alone: somebody held the table, or a guard refused.</summary>
    Skipped,

    /// <summary>It failed.</summary>
    Failed,

    /// <summary>It was not begun: the time was up, or the server was gone.</summary>
    NotReached,
}
