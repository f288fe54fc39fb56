namespace OpsRunbook.Engine.Databases;

/// <summary>A session as the operator saw it.</summary>
/// <param name="Id">Its number.</param>
/// <param name="StartedAt">When it began, UTC; null when not given.</param>
/// <param name="ServerStartedAt">When its server began, UTC; null when not given.</param>
/// <param name="StateSince">Since when it was in its state, UTC; null when not given.</param>
public sealed record SeenSession(long Id, DateTime? StartedAt = null, DateTime? ServerStartedAt = null, DateTime? StateSince = null)
{
    /// <summary>Number of the operation that it ran, 0 for none (MongoDB); null when not given.</summary>
    public long? OperationId { get; init; }
}
