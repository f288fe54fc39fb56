using OpsRunbook.Engine.Databases;

namespace OpsRunbook.Engine.State;

/// <summary>The tables of a shared store, and how an older version of them becomes the present one.</summary>
internal static class PostgreSqlStateSchema
{
    // Step n makes version n of version n - 1. What was released is never edited: a new step is added.
    private static readonly string[][] Steps =
    [
        [
            "CREATE TABLE {0}.journal (number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, change_id text NOT NULL, phase text NOT NULL, record json NOT NULL, UNIQUE (change_id, phase))",
            """
            CREATE TABLE {0}.documents (kind text NOT NULL, id text NOT NULL, version bigint NOT NULL, created timestamptz NOT NULL, written timestamptz NOT NULL,
                open boolean NOT NULL, content json NOT NULL, PRIMARY KEY (kind, id))
            """,
            "CREATE INDEX documents_open ON {0}.documents (kind, created) WHERE open",
            "CREATE TABLE {0}.locks (name text PRIMARY KEY, backend integer NOT NULL, holder text NOT NULL)",
        ],
    ];

    /// <summary>Version that this module works with.</summary>
    public static int Known => Steps.Length;

    /// <summary>Makes the tables, or brings them up to the present version.</summary>
    /// <param name="session">A session of the database.</param>
    /// <param name="schema">Name of the schema.</param>
    /// <param name="place">Server, database and schema, for messages.</param>
    /// <param name="cancellationToken">Ends the work; nothing or everything is there then.</param>
    /// <returns>A task that ends when the tables are there.</returns>
    /// <exception cref="OpsException"><c>State.TooNew</c>, <c>State.Corrupt</c>, or what the server says.</exception>
    public static async Task PrepareAsync(PostgreSqlSession session, string schema, string place, CancellationToken cancellationToken)
    {
        // A server may be set to say that something is written before it is. Here that would be a lie.
        await session.QueryAsync("SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'", _ => 0, cancellationToken);
        if (await VersionAsync(session, schema, place, cancellationToken) == Known)
        {
            return;
        }

        var quoted = PostgreSqlSession.Identifier(schema);
        await session.ExecuteAsync("BEGIN", cancellationToken);

        // Two commands may meet an empty database in the same moment.
        await session.QueryAsync("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))::text", row => row.GetString(0), cancellationToken, $"{schema} schema");
        var present = await VersionAsync(session, schema, place, cancellationToken);
        if (present == 0)
        {
            if ((await session.QueryAsync("SELECT 1 FROM pg_namespace WHERE nspname = $1", _ => 0, cancellationToken, schema)).Count == 0)
            {
                await session.ExecuteAsync($"CREATE SCHEMA {quoted}", cancellationToken);
            }

            await session.ExecuteAsync($"CREATE TABLE {quoted}.schema_version (version integer NOT NULL)", cancellationToken);
            await session.ExecuteAsync($"INSERT INTO {quoted}.schema_version VALUES (0)", cancellationToken);
        }

        foreach (var statement in Steps.Skip(present).SelectMany(step => step))
        {
            await session.ExecuteAsync(statement.Replace("{0}", quoted, StringComparison.Ordinal), cancellationToken);
        }

        await session.ExecuteAsync($"UPDATE {quoted}.schema_version SET version = $1", cancellationToken, Known);
        await session.ExecuteAsync("COMMIT", cancellationToken);
    }

    private static async Task<int> VersionAsync(PostgreSqlSession session, string schema, string place, CancellationToken cancellationToken)
    {
        var quoted = PostgreSqlSession.Identifier(schema);

        // Not by to_regclass, which answers from what the session remembers and so misses what another one has just made.
        if ((await session.QueryAsync(
            "SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = 'schema_version'", _ => 0, cancellationToken, schema)).Count == 0)
        {
            return 0;
        }

        var rows = await session.QueryAsync($"SELECT version FROM {quoted}.schema_version", row => row.GetInt32(0), cancellationToken);
        return rows switch
        {
            [var version] when version > Known => throw StateErrors.TooNew(place, version, Known),
            [var version and >= 0] => version,
            _ => throw StateErrors.Corrupt($"{place}.schema_version", "it does not say which version the tables have."),
        };
    }
}
