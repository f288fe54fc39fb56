namespace OpsRunbook.Engine.Databases;

/// <summary>Runs statements of an operator in a database of one engine.</summary>
internal interface IDatabaseQuery
{
    /// <summary>Whose SQL it takes.</summary>
    DatabaseEngine Engine { get; }

    /// <summary>Runs a statement in a transaction that may not write, and gives its rows as they come.</summary>
    /// <param name="statement">The statement.</param>
    /// <param name="values">Values by name.</param>
    /// <param name="cancellationToken">Ends it on the server too.</param>
    /// <returns>The rows.</returns>
    IAsyncEnumerable<DbRow> ReadAsync(SqlStatement statement, IReadOnlyDictionary<string, object?> values, CancellationToken cancellationToken);

    /// <summary>Runs a statement in a transaction of its own that may write.</summary>
    /// <param name="statement">The statement.</param>
    /// <param name="values">Values by name.</param>
    /// <param name="take">Takes the rows that it returns, before the commit.</param>
    /// <param name="exactly">How many rows it must affect; another number is rolled back. Null for any.</param>
    /// <param name="cancellationToken">Ends it on the server too, and rolls it back.</param>
    /// <returns>Rows affected; null for a statement that has no such number.</returns>
    /// <exception cref="OpsException"><c>Db.RowsUnexpected</c>, or what the server says.</exception>
    Task<long?> WriteAsync(
        SqlStatement statement, IReadOnlyDictionary<string, object?> values, Func<DbRow, ValueTask> take, long? exactly, CancellationToken cancellationToken);
}
