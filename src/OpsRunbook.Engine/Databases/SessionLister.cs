namespace OpsRunbook.Engine.Databases;

/// <summary>Lists the sessions of a database's clients.</summary>
/// <param name="member">The database.</param>
/// <param name="filter">Which are wanted.</param>
/// <param name="allDatabases">Those of every database of its server.</param>
/// <param name="output">Takes a <see cref="DbSession"/> for each.</param>
public sealed class SessionLister(DatabaseMember member, SessionFilter filter, bool allDatabases, IOperationOutput output)
{
    /// <summary>Lists them.</summary>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>A task that ends with the last one.</returns>
    /// <exception cref="OpsException">The server cannot be reached, or does not let us in.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using var sessions = await DatabaseAdapters.SessionsAsync(member, cancellationToken);
        var found = await sessions.ListAsync(allDatabases, cancellationToken);
        if (sessions.Restriction is { } restriction)
        {
            output.Warning($"{member.Name}: {restriction}");
        }

        foreach (var session in found.Where(filter.Includes))
        {
            await output.WriteAsync(session, cancellationToken);
        }
    }
}
