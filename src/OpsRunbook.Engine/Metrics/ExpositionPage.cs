namespace OpsRunbook.Engine.Metrics;

/// <summary>A page of metrics.</summary>
/// <param name="Samples">The samples in the order of the page.</param>
/// <param name="Faults">Lines that could not be read, with their number and cause. A page may be good but for some.</param>
public sealed record ExpositionPage(IReadOnlyList<ExpositionSample> Samples, IReadOnlyList<(int Line, string Cause)> Faults);
