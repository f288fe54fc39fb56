namespace OpsRunbook;

/// <summary>How one sample of a Prometheus exposition endpoint changed over a while: the leak test.</summary>
public sealed class AppMetricGrowth
{
    /// <summary>Name of the sample.</summary>
    public required string Name { get; init; }

    /// <summary>Labels in the order of the endpoint. Empty when there are none.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// Growth per hour in the unit of the sample: the median slope of all pairs of readings (Theil–Sen), which
    /// a single spike or garbage collection does not bend. Of a counter, its rate per hour, restarts allowed for.
    /// </summary>
    public required double GrowthPerHour { get; init; }

    /// <summary>
    /// How steadily it moves in one direction, -1 to 1 (Kendall's tau): 1 when every reading is higher than those
    /// before it, near 0 when it only goes up and down.
    /// </summary>
    public required double Trend { get; init; }

    /// <summary>First reading.</summary>
    public required double First { get; init; }

    /// <summary>Last reading.</summary>
    public required double Last { get; init; }

    /// <summary>Smallest reading.</summary>
    public required double Minimum { get; init; }

    /// <summary>Largest reading.</summary>
    public required double Maximum { get; init; }

    /// <summary>Number of readings.</summary>
    public required int Readings { get; init; }

    /// <summary>Time from the first reading to the last.</summary>
    public required TimeSpan Over { get; init; }

    /// <summary>Type of the metric family.</summary>
    public string Type { get; init; } = "untyped";

    /// <summary>Unit of the sample; null when it is not known.</summary>
    public string? Unit { get; init; }

    /// <summary>What the metric is about; null when the endpoint does not say.</summary>
    public string? Help { get; init; }

    /// <summary>Address that was scraped, without password.</summary>
    public required string Source { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Name} {GrowthPerHour:+0.###;-0.###;0} per hour";
}
