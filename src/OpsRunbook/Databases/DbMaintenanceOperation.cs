namespace OpsRunbook;

/// <summary>What is done to a table.</summary>
public enum DbMaintenanceOperation
{
    /// <summary>PostgreSQL: makes the space of dead rows usable again. Blocks nobody.</summary>
    Vacuum,

    /// <summary>Counts anew what the planner goes by.</summary>
    Analyze,

    /// <summary>PostgreSQL: writes the table anew and gives space back. Blocks reads and writes, and needs room for a second copy.</summary>
    VacuumFull,

    /// <summary>PostgreSQL: builds the indexes anew, concurrently. Blocks nobody.</summary>
    Reindex,

    /// <summary>PostgreSQL: drops what failed concurrent rebuilds have left behind.</summary>
    RemoveInvalidIndex,

    /// <summary>MySQL: writes the table anew (InnoDB) or defragments it (Aria, MyISAM).</summary>
    Optimize,

    /// <summary>MySQL: looks for damage.</summary>
    Check,

    /// <summary>MySQL: repairs a table of Aria, MyISAM, ARCHIVE or CSV. May lose rows.</summary>
    Repair,
}
