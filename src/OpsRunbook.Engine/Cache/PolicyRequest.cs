namespace OpsRunbook.Engine.Cache;

/// <summary>What is to be set; null stays as it is.</summary>
/// <param name="Policy">Eviction policy.</param>
/// <param name="MaxMemory">Memory limit, bytes; 0 for none.</param>
/// <param name="Persist">Write it to the server's configuration file.</param>
public sealed record PolicyRequest(string? Policy, long? MaxMemory, bool Persist);
