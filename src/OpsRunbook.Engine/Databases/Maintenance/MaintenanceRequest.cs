namespace OpsRunbook.Engine.Databases;

/// <summary>What maintenance is wanted.</summary>
/// <param name="Operations">What is done to each table, in this order.</param>
/// <param name="Filter">Which tables.</param>
public sealed record MaintenanceRequest(IReadOnlyList<DbMaintenanceOperation> Operations, TableFilter Filter)
{
    /// <summary>Which table comes first.</summary>
    public DbMaintenanceOrder Order { get; init; }

    /// <summary>No table is begun after this time; null for no limit.</summary>
    public TimeSpan? MaxDuration { get; init; }

    /// <summary>Longest wait for a table that somebody else holds.</summary>
    public TimeSpan LockTimeout { get; init; } = TimeSpan.FromSeconds(10);
}
