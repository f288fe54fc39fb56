namespace OpsRunbook.Engine.Databases;

/// <summary>Looks at the tables and indexes of a database, whatever its engine.</summary>
/// <param name="member">The database.</param>
public sealed class DatabaseTables(DatabaseMember member)
{
    /// <summary>Reads tables.</summary>
    /// <param name="filter">Which ones.</param>
    /// <param name="output">Takes an error for each name that fits nothing.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The tables, the largest first.</returns>
    /// <exception cref="OpsException">The database cannot be reached or does not allow it.</exception>
    public async Task<IReadOnlyList<DbTable>> ReadTablesAsync(TableFilter filter, IOperationOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(filter);
        return filter.Choose(await ReadAsync((tables, token) => tables.ReadTablesAsync(token), cancellationToken), member.Name, output);
    }

    /// <summary>Reads indexes.</summary>
    /// <param name="filter">Of which tables.</param>
    /// <param name="minimumAge">How old statistics must be to say that an index is not used.</param>
    /// <param name="output">Takes an error for each name that fits nothing.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The indexes, the largest first.</returns>
    /// <exception cref="OpsException">The database cannot be reached or does not allow it.</exception>
    public async Task<IReadOnlyList<DbIndex>> ReadIndexesAsync(TableFilter filter, TimeSpan minimumAge, IOperationOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(filter);
        var indexes = await ReadAsync((tables, token) => tables.ReadIndexesAsync(minimumAge, token), cancellationToken);
        var (names, schemas) = (new NameFilter(filter.Tables), new NameFilter(filter.Schemas));
        var chosen = indexes.Where(index => TableFilter.Includes(schemas, names, index.Schema, index.Table, null)).ToList();
        TableFilter.Report(schemas, names, member.Name, output);
        return chosen;
    }

    private async Task<T> ReadAsync<T>(Func<IDatabaseTables, CancellationToken, Task<T>> read, CancellationToken cancellationToken)
    {
        var target = await member.TargetAsync(cancellationToken);
        return await target.WithinAsync(token => read(DatabaseAdapters.Tables(member, target), token), cancellationToken);
    }
}
