using OpsRunbook.Engine.Databases;

namespace OpsRunbook.Engine.Backups;

/// <summary>
/// Makes the empty tables of a scratch database unlogged: what is loaded into them goes into no write-ahead log, and so neither to replicas nor into the archive of
/// the server that others use. A server that fails meanwhile empties them; <see cref="IRestoreServer.RequireSameAsync"/> tells.
/// </summary>
internal static class PostgreSqlUnlogged
{
    // The locks for more of them would take up too much of a table of fixed size that all sessions of the server share.
    private const int MostTables = 250;

    /// <summary>Makes all tables unlogged, or none: no foreign key may lead from a logged table to one that is not.</summary>
    /// <param name="session">A session in the database, which has its tables but no rows yet.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>A task. Where the tables stay as they are that only costs time.</returns>
    public static async Task ApplyAsync(PostgreSqlSession session, CancellationToken cancellationToken)
    {
        // A partitioned table itself cannot be unlogged, and not every index of an extension can be on such a table.
        var statements = await session.QueryAsync(
            """
            SELECT format('ALTER TABLE %I.%I SET UNLOGGED', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\_%'
               AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
               AND NOT EXISTS (SELECT FROM pg_class WHERE relkind = 'p') AND NOT EXISTS (SELECT FROM pg_am WHERE oid >= 16384)
            """,
            row => row.GetString(0),
            cancellationToken);
        if (statements.Count is 0 or > MostTables)
        {
            return;
        }

        await session.ExecuteAsync("BEGIN", cancellationToken);
        try
        {
            foreach (var statement in statements)
            {
                await session.ExecuteAsync(statement, cancellationToken);
            }
        }
        catch (OpsException error) when (error.Kind is not (OpsErrorKind.Connection or OpsErrorKind.Timeout))
        {
            // One that others take the type of their columns from, or that an extension guards.
            await session.ExecuteAsync("ROLLBACK", cancellationToken);
            return;
        }

        await session.ExecuteAsync("COMMIT", cancellationToken);
    }
}
