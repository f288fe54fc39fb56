namespace OpsRunbook;

/// <summary>Statements of one form and what they cost, or, with the status Unknown, why that is not known.</summary>
public sealed class DbSlowQuery
{
    /// <summary>Warning when the mean is above the stack's limit for a slow query, Unknown when the server keeps no figures.</summary>
    public required HealthStatus Status { get; init; }

    /// <summary>Name of the database in the stack, or its address.</summary>
    public required string Database { get; init; }

    /// <summary>Kind of server.</summary>
    public required DatabaseEngine Engine { get; init; }

    /// <summary>Where the figures come from: <c>pg_stat_statements 1.10</c>, <c>performance_schema</c>, the path of a log.</summary>
    public required string Source { get; init; }

    /// <summary>The statement without its literals; for the status Unknown, what is wrong and how it is put right.</summary>
    public required string Query { get; init; }

    /// <summary>The server's own number for this form of statement; null where it has none.</summary>
    public string? QueryId { get; init; }

    /// <summary>How often it ran; from a slow query log, how often it was slow.</summary>
    public long? Calls { get; init; }

    /// <summary>Time of all calls together.</summary>
    public TimeSpan? TotalTime { get; init; }

    /// <summary>Time of one call on average.</summary>
    public TimeSpan? MeanTime { get; init; }

    /// <summary>Time of the longest call.</summary>
    public TimeSpan? MaximumTime { get; init; }

    /// <summary>Rows that all calls returned or changed.</summary>
    public long? Rows { get; init; }

    /// <summary>Rows that all calls looked at; null where the server does not count them.</summary>
    public long? RowsExamined { get; init; }

    /// <summary>Part of its pages that were in the server's cache, percent; null where the server does not count them.</summary>
    public double? CacheHitPercent { get; init; }

    /// <summary>User who ran it; null where it is not kept.</summary>
    public string? User { get; init; }

    /// <summary>Database of the server that it ran in.</summary>
    public string? Catalog { get; init; }

    /// <summary>Since when the figures are counted, UTC; null when that is not known.</summary>
    public DateTime? Since { get; init; }

    /// <summary>What to do where figures are missing; null for nothing.</summary>
    public string? NextStep { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Database} {MeanTime} x {Calls}: {Query}";
}
