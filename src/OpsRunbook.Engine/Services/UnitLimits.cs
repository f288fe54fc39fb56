namespace OpsRunbook.Engine.Services;

/// <summary>What each instance of a unit may use.</summary>
/// <param name="MemoryBytes">Most memory, bytes; null for no limit.</param>
/// <param name="Cpus">Most CPU, cores; null for no limit.</param>
public sealed record UnitLimits(long? MemoryBytes = null, double? Cpus = null);
