namespace OpsRunbook;

/// <summary>When something runs out, if it goes on as it has.</summary>
public sealed record CapacityForecast
{
    /// <summary>
    /// Critical when the critical limit is reached, or will be full within a week; Warning when the warning limit is reached, or the critical
    /// one will be within thirty days; Unknown when there is not enough data.
    /// </summary>
    public required HealthStatus Status { get; init; }

    /// <summary>What may run out.</summary>
    public required CapacityKind Kind { get; init; }

    /// <summary>File system, database or cache.</summary>
    public required string Target { get; init; }

    /// <summary>The stack's name for its host, or what Prometheus calls the instance.</summary>
    public string Host { get; init; } = "local";

    /// <summary>Last value: percent, and bytes for a database; null when there is none.</summary>
    public double? Value { get; init; }

    /// <summary>The last value with its unit, as the table shows it; empty when there is none.</summary>
    public string ValueText => Kind == CapacityKind.Database ? Display.Size((long?)Value) : Display.Percent(Value);

    /// <summary>Growth in a day, in the same unit: the median of the slopes between all pairs of values (Theil 1950, Sen 1968). Null when there is not enough data.</summary>
    public double? GrowthPerDay { get; init; }

    /// <summary>Lower end of the 95 % confidence interval of the growth (Sen 1968); null when there is not enough data.</summary>
    public double? GrowthLow { get; init; }

    /// <summary>Upper end of the 95 % confidence interval of the growth; null when there is not enough data.</summary>
    public double? GrowthHigh { get; init; }

    /// <summary>When the warning limit is reached, UTC; null when it is not within ten years, or there is no limit or no clear growth.</summary>
    public DateTime? WarningAt { get; init; }

    /// <summary>When the critical limit is reached, UTC; null as for <see cref="WarningAt"/>.</summary>
    public DateTime? CriticalAt { get; init; }

    /// <summary>When it is full, UTC; null as for <see cref="WarningAt"/>.</summary>
    public DateTime? FullAt { get; init; }

    /// <summary>When it is full with the fastest growth of the confidence interval, UTC; null when it is not within ten years or there is no limit.</summary>
    public DateTime? FullEarliest { get; init; }

    /// <summary>When it is full with the slowest growth of the confidence interval, UTC; null when that is never or not within ten years.</summary>
    public DateTime? FullLatest { get; init; }

    /// <summary>Value in thirty days, in the same unit; null when there is not enough data.</summary>
    public double? ValueIn30Days { get; init; }

    /// <summary>The values over time as a line of blocks, the oldest at the left; empty without values.</summary>
    public string Chart { get; init; } = string.Empty;

    /// <summary>How many values there are.</summary>
    public int Points { get; init; }

    /// <summary>Time of the first value, UTC; null without values.</summary>
    public DateTime? Since { get; init; }

    /// <summary>Where the values are from: <c>prometheus</c> or <c>samples</c>.</summary>
    public string Source { get; init; } = string.Empty;

    /// <summary>In words.</summary>
    public required string Message { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Kind} {Target}: {Message}";
}
