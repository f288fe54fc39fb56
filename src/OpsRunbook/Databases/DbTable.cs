namespace OpsRunbook;

/// <summary>A table of a database with its size, its bloat and when it was last looked after.</summary>
public sealed class DbTable
{
    /// <summary>Name of the database in the stack, or its address.</summary>
    public required string Database { get; init; }

    /// <summary>Name of the database on its server.</summary>
    public required string Catalog { get; init; }

    /// <summary>Schema; for MySQL the same as <see cref="Catalog"/>.</summary>
    public required string Schema { get; init; }

    /// <summary>Name as the server keeps it, without quotes.</summary>
    public required string Table { get; init; }

    /// <summary>What identifies the table for other commands: the object id of PostgreSQL, the quoted name of MySQL.</summary>
    public required string Id { get; init; }

    /// <summary>Partitioned table that this is a partition of, with its schema; null for none.</summary>
    public string? PartitionOf { get; init; }

    /// <summary>Storage engine: <c>InnoDB</c>, <c>Aria</c>, <c>MyISAM</c>; for PostgreSQL <c>heap</c> or <c>materialized view</c>.</summary>
    public required string Engine { get; init; }

    /// <summary>All of it in bytes: rows, indexes, values stored outside of the rows.</summary>
    public long SizeBytes { get; init; }

    /// <summary>The rows themselves in bytes.</summary>
    public long TableBytes { get; init; }

    /// <summary>Its indexes in bytes.</summary>
    public long IndexBytes { get; init; }

    /// <summary>Long values that are stored outside of the rows (TOAST), in bytes; null where the server does not tell them apart.</summary>
    public long? ToastBytes { get; init; }

    /// <summary>Rows as the server estimates them; null when it has never counted.</summary>
    public long? Rows { get; init; }

    /// <summary>Rows that are dead and wait for a vacuum, as the server estimates them; null where there is no such number.</summary>
    public long? DeadRows { get; init; }

    /// <summary>Dead rows in percent of all; null without <see cref="DeadRows"/> or rows.</summary>
    public double? DeadPercent { get; init; }

    /// <summary>Bytes that hold no live row, by estimate; null when there is none.</summary>
    public long? BloatBytes { get; init; }

    /// <summary>The same in percent of <see cref="TableBytes"/>.</summary>
    public double? BloatPercent { get; init; }

    /// <summary>How the bloat was estimated: <c>column widths</c> or <c>data_free</c>; null when it was not.</summary>
    public string? BloatMethod { get; init; }

    /// <summary>How far to trust the estimate.</summary>
    public DbEstimateTrust BloatTrust { get; init; }

    /// <summary>Why it is trusted no further; null for nothing to say.</summary>
    public string? BloatNote { get; init; }

    /// <summary>Last vacuum that somebody asked for, UTC; null for never, or where there is none.</summary>
    public DateTime? LastVacuum { get; init; }

    /// <summary>Last vacuum of the server itself, UTC; null for never, or where there is none.</summary>
    public DateTime? LastAutoVacuum { get; init; }

    /// <summary>Last analyze that somebody asked for, UTC; null for never or not known.</summary>
    public DateTime? LastAnalyze { get; init; }

    /// <summary>Last analyze of the server itself, UTC; null for never or not known.</summary>
    public DateTime? LastAutoAnalyze { get; init; }

    /// <summary>The later of the two vacuums, UTC; null for never.</summary>
    public DateTime? Vacuumed => Later(LastVacuum, LastAutoVacuum);

    /// <summary>The later of the two analyzes, UTC; null for never or not known.</summary>
    public DateTime? Analyzed => Later(LastAnalyze, LastAutoAnalyze);

    /// <summary>Transactions since its oldest row was frozen. PostgreSQL stops taking writes near 2,100 million. Null where there is no such thing.</summary>
    public long? TransactionAge { get; init; }

    /// <summary>Name of the host from which the server is reached; <c>local</c> for this machine.</summary>
    public required string Host { get; init; }

    private static DateTime? Later(DateTime? one, DateTime? other) => one is null || other > one ? other : one;
}
