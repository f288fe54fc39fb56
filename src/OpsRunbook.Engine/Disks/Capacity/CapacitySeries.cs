namespace OpsRunbook.Engine.Disks.Capacity;

/// <summary>The values of one thing that may run out.</summary>
/// <param name="Kind">What may run out.</param>
/// <param name="Host">The stack's name for its host, or what Prometheus calls the instance.</param>
/// <param name="Target">File system, database or cache.</param>
/// <param name="Source">Where the values are from.</param>
/// <param name="Values">Times (UTC) and values, in order of time.</param>
internal sealed record CapacitySeries(CapacityKind Kind, string Host, string Target, string Source, IReadOnlyList<(DateTime Time, double Value)> Values);
