namespace OpsRunbook.Engine.Databases;

/// <summary>The tables and indexes of a database.</summary>
internal interface IDatabaseTables
{
    /// <summary>Reads the tables.</summary>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>Every table but the server's own, the largest first.</returns>
    Task<IReadOnlyList<DbTable>> ReadTablesAsync(CancellationToken cancellationToken);

    /// <summary>Reads the indexes.</summary>
    /// <param name="minimumAge">How old statistics must be to say that an index is not used.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>Every index but those of the server's own tables, the largest first.</returns>
    Task<IReadOnlyList<DbIndex>> ReadIndexesAsync(TimeSpan minimumAge, CancellationToken cancellationToken);
}
