namespace OpsRunbook;

/// <summary>What the maintenance of a table has done.</summary>
public sealed class DbMaintenanceResult
{
    /// <summary>How it ended.</summary>
    public required DbMaintenanceOutcome Outcome { get; init; }

    /// <summary>What was to be done.</summary>
    public required DbMaintenanceOperation Operation { get; init; }

    /// <summary>Name of the database in the stack, or its address.</summary>
    public required string Database { get; init; }

    /// <summary>Schema of the table.</summary>
    public required string Schema { get; init; }

    /// <summary>The table.</summary>
    public required string Table { get; init; }

    /// <summary>What identifies the table, as in <see cref="DbTable.Id"/>.</summary>
    public required string Id { get; init; }

    /// <summary>How long it took, waiting included; null when it was not begun.</summary>
    public TimeSpan? Duration { get; init; }

    /// <summary>Size of the table with its indexes before, in bytes; null when it is not known.</summary>
    public long? SizeBefore { get; init; }

    /// <summary>The same afterwards; null when it is not known.</summary>
    public long? SizeAfter { get; init; }

    /// <summary>Bytes given back to the file system; negative when the table grew; null when it is not known.</summary>
    public long? Freed => SizeBefore - SizeAfter;

    /// <summary>What there is to say, such as who held the table; empty for nothing.</summary>
    public required string Message { get; init; }

    /// <summary>Name of the host from which the server is reached; <c>local</c> for this machine.</summary>
    public required string Host { get; init; }
}
