namespace OpsRunbook;

/// <summary>A watched metric against its limits.</summary>
public sealed class MetricReading
{
    /// <summary>Against the limits; Unknown without a value.</summary>
    public required HealthStatus Status { get; init; }

    /// <summary>Name of the metric in the stack, or of a default one: <c>latency</c>, <c>disk</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Member of the stack that it is about; null for the whole stack.</summary>
    public string? Member { get; init; }

    /// <summary>The value in <see cref="Unit"/>; null when there is none.</summary>
    public double? Value { get; init; }

    /// <summary>Unit of value and limits: <c>s</c>, <c>B</c>, <c>%</c>, <c>c</c>; empty for a bare number.</summary>
    public string Unit { get; init; } = string.Empty;

    /// <summary>Warning from here on; null for no limit.</summary>
    public double? Warning { get; init; }

    /// <summary>Critical from here on; null for no limit.</summary>
    public double? Critical { get; init; }

    /// <summary>Warning below this; null for no limit.</summary>
    public double? WarningBelow { get; init; }

    /// <summary>Critical below this; null for no limit.</summary>
    public double? CriticalBelow { get; init; }

    /// <summary>Labels of the series. Empty for none.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>What there is to say, such as why there is no value.</summary>
    public required string Message { get; init; }

    /// <summary>Expression that was asked; null when there is none.</summary>
    public string? Query { get; init; }

    /// <summary>Moment of the reading, UTC.</summary>
    public required DateTime Time { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Name}: {Status}";
}
