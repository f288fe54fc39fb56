namespace OpsRunbook.Engine.Databases;

/// <summary>The sessions of a database server, seen and ended through one connection.</summary>
internal interface IDatabaseSessions : IAsyncDisposable
{
    /// <summary>Two moments that are no further apart mean the same: the engine keeps no finer time.</summary>
    TimeSpan Tolerance { get; }

    /// <summary>Connections of clients can be ended, not only what they run.</summary>
    bool EndsConnections => true;

    /// <summary>Why sessions of others may be missing or show little; null when all is seen.</summary>
    string? Restriction { get; }

    /// <summary>The sessions of clients, without our own.</summary>
    /// <param name="allDatabases">Those of every database of the server, not only of the one that is meant.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The sessions in order of their number.</returns>
    Task<IReadOnlyList<DbSession>> ListAsync(bool allDatabases, CancellationToken cancellationToken);

    /// <summary>One session, whatever it is there for.</summary>
    /// <param name="id">Its number.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The session; null when there is none of that number, or it is our own.</returns>
    Task<DbSession?> FindAsync(long id, CancellationToken cancellationToken);

    /// <summary>What a session holds and who waits for it.</summary>
    /// <param name="session">The session.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Its locks, and the numbers of those that wait.</returns>
    Task<SessionHoldings> HoldingsAsync(DbSession session, CancellationToken cancellationToken);

    /// <summary>Cancels the statement of a session, when it is still the session that was seen, at the same work.</summary>
    /// <param name="session">The session as it was seen last.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>False when it was another one or had gone on.</returns>
    Task<bool> CancelAsync(DbSession session, CancellationToken cancellationToken);

    /// <summary>Ends a session, when it is still the one that was seen.</summary>
    /// <param name="session">The session as it was seen last.</param>
    /// <param name="sameWork">Only while it is still at the same work.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>False when it was another one or had gone on.</returns>
    Task<bool> TerminateAsync(DbSession session, bool sameWork, CancellationToken cancellationToken);
}
