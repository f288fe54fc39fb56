namespace OpsRunbook.Engine.Databases;

/// <summary>What a session holds.</summary>
/// <param name="Locks">Its locks in the server's words.</param>
/// <param name="Blocked">Numbers of the sessions that wait for it.</param>
internal sealed record SessionHoldings(IReadOnlyList<string> Locks, IReadOnlyList<long> Blocked);
