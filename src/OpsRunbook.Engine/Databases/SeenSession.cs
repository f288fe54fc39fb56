namespace OpsRunbook.Engine.Databases;

/// <summary>A session as the operator saw it.</summary>
/// <param name="Id">Its number.</param>
/// <param name="StartedAt">When it began, UTC; null when not given.</param>
/// <param name="ServerStartedAt">When its server began, UTC; null when not given.</param>
/// <param name="StateSince">Since when it was in its state, UTC; null when not given.</param>
public sealed record SeenSession(long Id, DateTime? StartedAt = null, DateTime? ServerStartedAt = null, DateTime? StateSince = null);
