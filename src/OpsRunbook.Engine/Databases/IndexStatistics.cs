namespace OpsRunbook.Engine.Databases;

/// <summary>How far the counters of a server can be trusted to say that something is not used.</summary>
/// <param name="Since">Since when it counts, UTC; null when that is not known.</param>
/// <param name="HasReplicas">Replicas read from it, and what they use is counted there.</param>
/// <param name="Absent">Why nothing is counted; null when it is.</param>
internal sealed record IndexStatistics(DateTime? Since, bool HasReplicas, string? Absent = null);
