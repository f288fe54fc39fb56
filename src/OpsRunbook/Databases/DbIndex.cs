namespace OpsRunbook;

/// <summary>An index of a table, how much it is used, and what could be done with it.</summary>
public sealed class DbIndex
{
    /// <summary>What could be done. Never <see cref="DbIndexAdvice.Drop"/> for an index that anything leans on.</summary>
    public required DbIndexAdvice Recommendation { get; init; }

    /// <summary>Why, in one sentence.</summary>
    public required string Why { get; init; }

    /// <summary>Name of the database in the stack, or its address.</summary>
    public required string Database { get; init; }

    /// <summary>Name of the database on its server.</summary>
    public required string Catalog { get; init; }

    /// <summary>Schema; for MySQL the same as <see cref="Catalog"/>.</summary>
    public required string Schema { get; init; }

    /// <summary>Table that it belongs to.</summary>
    public required string Table { get; init; }

    /// <summary>Name as the server keeps it, without quotes.</summary>
    public required string Index { get; init; }

    /// <summary>Its definition as SQL, or its columns.</summary>
    public required string Definition { get; init; }

    /// <summary>Size in bytes; null when it is not known.</summary>
    public long? SizeBytes { get; init; }

    /// <summary>Times that it was used since <see cref="StatisticsSince"/>; null when the server does not count.</summary>
    public long? Scans { get; init; }

    /// <summary>Since when the server counts, UTC; null when that is not known.</summary>
    public DateTime? StatisticsSince { get; init; }

    /// <summary>No two rows may have the same values.</summary>
    public bool IsUnique { get; init; }

    /// <summary>It is the primary key's.</summary>
    public bool IsPrimary { get; init; }

    /// <summary>It can be used. An index that is not valid costs writes and serves nobody.</summary>
    public bool IsValid { get; init; }

    /// <summary>What a failed concurrent build has left behind.</summary>
    public bool IsLeftover { get; init; }

    /// <summary>Another index of the table that does the same; null for none.</summary>
    public string? DuplicateOf { get; init; }

    /// <summary>What leans on it, so that it is never proposed to be dropped: <c>primary key</c>, <c>foreign key x</c>; empty for nothing.</summary>
    public required IReadOnlyList<string> NeededBy { get; init; }

    /// <summary>Name of the host from which the server is reached; <c>local</c> for this machine.</summary>
    public required string Host { get; init; }
}
