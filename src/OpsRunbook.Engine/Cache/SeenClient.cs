namespace OpsRunbook.Engine.Cache;

/// <summary>A client as it was seen.</summary>
/// <param name="Id">Number of its connection.</param>
/// <param name="Address">Its address; null when that is not known.</param>
/// <param name="Node">Server that it is connected to; null for the only one.</param>
/// <param name="ServerRun">The server's run; null when that is not known.</param>
public sealed record SeenClient(long Id, string? Address, string? Node, string? ServerRun);
