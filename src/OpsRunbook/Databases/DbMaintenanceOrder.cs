namespace OpsRunbook;

/// <summary>Which table comes first.</summary>
public enum DbMaintenanceOrder
{
    /// <summary>The smallest: most tables are done early, and space that is given back serves the larger ones.</summary>
    Smallest,

    /// <summary>The largest.</summary>
    Size,
}
