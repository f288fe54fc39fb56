namespace OpsRunbook.Engine.Logs.Measuring;

/// <summary>What is to be counted.</summary>
public sealed record MeasureRequest
{
    /// <summary>Which records.</summary>
    public LogQuery Query { get; init; } = new();

    /// <summary>By what.</summary>
    public LogMeasureBy By { get; init; }

    /// <summary>Name of the field, for <see cref="LogMeasureBy.Field"/>; <c>service</c>, <c>host</c>, <c>level</c> and <c>message</c> are fields too.</summary>
    public string? Field { get; init; }

    /// <summary>Only so many, the most frequent; null for all.</summary>
    public int? Top { get; init; }

    /// <summary>Compares with so long a time before <see cref="LogQuery.Since"/>; null for no comparison.</summary>
    public TimeSpan? Baseline { get; init; }
}
