namespace OpsRunbook;

/// <summary>One value of one time series.</summary>
public sealed class MetricSample
{
    /// <summary>Name of the metric; empty where the expression left none.</summary>
    public string Name { get; init; } = string.Empty;

    /// <summary>Labels of the series without its name. Empty for none.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>The value; may be not a number or infinite, as Prometheus says.</summary>
    public required double Value { get; init; }

    /// <summary>Moment of the value, UTC.</summary>
    public required DateTime Time { get; init; }

    /// <summary>Expression that was asked.</summary>
    public required string Query { get; init; }

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Name}{{{string.Join(',', Labels.Select(label => $"{label.Key}=\"{label.Value}\""))}}} {Value.ToString(System.Globalization.CultureInfo.InvariantCulture)}";
}
