namespace OpsRunbook.Engine.Databases;

/// <summary>Reads what a server knows about the cost of its statements.</summary>
internal interface IDatabaseSlowQueries
{
    /// <summary>Reads it, in no order.</summary>
    /// <param name="allDatabases">Statements of every database of the server, not only of the one that is meant.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>One for each form of statement; a single one with the status Unknown where the server keeps no figures.</returns>
    /// <exception cref="OpsException">The server cannot be reached, or does not let us in.</exception>
    Task<IReadOnlyList<DbSlowQuery>> ReadAsync(bool allDatabases, CancellationToken cancellationToken);
}
