namespace OpsRunbook.Engine.Metrics;

/// <summary>One sample as it stands on a page of metrics.</summary>
/// <param name="Name">Name of the sample.</param>
/// <param name="Labels">Labels in the order of the page.</param>
/// <param name="Value">The value.</param>
/// <param name="Time">The sample's own timestamp, UTC; null when it has none.</param>
/// <param name="Family">The metric family that it belongs to.</param>
public sealed record ExpositionSample(
    string Name,
    IReadOnlyDictionary<string, string> Labels,
    double Value,
    DateTime? Time,
    ExpositionFamily Family);
