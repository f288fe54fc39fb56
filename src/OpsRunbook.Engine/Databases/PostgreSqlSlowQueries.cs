using Npgsql;

namespace OpsRunbook.Engine.Databases;

/// <summary>Slow queries of PostgreSQL: the extension <c>pg_stat_statements</c>, by its version.</summary>
/// <param name="name">Name of the database in the stack.</param>
/// <param name="target">Where it is.</param>
/// <param name="limit">What takes longer on average is slow.</param>
internal sealed class PostgreSqlSlowQueries(string name, DatabaseTarget target, TimeSpan limit) : IDatabaseSlowQueries
{
    private const string Extension = "pg_stat_statements";
    private static readonly Version ExecTimes = new(1, 8);
    private static readonly Version HasInfo = new(1, 9);

    /// <inheritdoc/>
    public Task<IReadOnlyList<DbSlowQuery>> ReadAsync(bool allDatabases, CancellationToken cancellationToken) => target.WithinAsync(
        async token =>
        {
            await using var session = await PostgreSqlSession.OpenAsync(target, token);
            var libraries = await session.QueryAsync("SELECT setting FROM pg_settings WHERE name = 'shared_preload_libraries'", row => row.GetString(0), token) is [var setting] ? setting : null;
            var found = await session.QueryAsync(
                "SELECT e.extversion, n.nspname::text, current_database()::text FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = $1",
                row => (Version: row.GetString(0), Schema: row.GetString(1)),
                token,
                Extension);

            // Who may not see the setting sees no row of it.
            var isLoaded = libraries is null || libraries.Contains(Extension, StringComparison.Ordinal);
            if (!isLoaded || found.Count == 0)
            {
                return [Missing(isLoaded, libraries ?? string.Empty)];
            }

            var version = Version.TryParse(found[0].Version, out var number) ? number : ExecTimes;
            var schema = PostgreSqlSession.Identifier(found[0].Schema);
            var time = version >= ExecTimes ? "_exec" : string.Empty;
            var since = version >= HasInfo
                ? (await session.QueryAsync($"SELECT stats_reset FROM {schema}.pg_stat_statements_info", row => row.IsDBNull(0) ? (DateTime?)null : row.GetDateTime(0), token))[0]
                : null;
            return await session.QueryAsync(
                $"""
                SELECT s.queryid::text, s.query, s.calls, s.total{time}_time, s.mean{time}_time, s.max{time}_time, s.rows,
                       s.shared_blks_hit, s.shared_blks_read, r.rolname::text, d.datname::text
                  FROM {schema}.pg_stat_statements s
                  LEFT JOIN pg_database d ON d.oid = s.dbid
                  LEFT JOIN pg_roles r ON r.oid = s.userid
                 WHERE $1 OR d.datname = current_database()
                """,
                row => Map(row, found[0].Version, since),
                token,
                allDatabases);
        },
        cancellationToken);

    private DbSlowQuery Map(NpgsqlDataReader row, string version, DateTime? since)
    {
        var (hits, reads) = (row.GetInt64(7), row.GetInt64(8));
        return new DbSlowQuery
        {
            Status = TimeSpan.FromMilliseconds(row.GetDouble(4)) >= limit ? HealthStatus.Warning : HealthStatus.Healthy,
            Database = name,
            Engine = DatabaseEngine.Postgres,
            Source = $"{Extension} {version}",

            // It folds literals itself, but not those of ALTER ROLE … PASSWORD and the like.
            Query = row.IsDBNull(1) ? string.Empty : SqlText.Fold(row.GetString(1), DatabaseEngine.Postgres),
            QueryId = row.IsDBNull(0) ? null : row.GetString(0),
            Calls = row.GetInt64(2),
            TotalTime = TimeSpan.FromMilliseconds(row.GetDouble(3)),
            MeanTime = TimeSpan.FromMilliseconds(row.GetDouble(4)),
            MaximumTime = TimeSpan.FromMilliseconds(row.GetDouble(5)),
            Rows = row.GetInt64(6),
            CacheHitPercent = hits + reads > 0 ? 100.0 * hits / (hits + reads) : null,
            User = row.IsDBNull(9) ? null : row.GetString(9),
            Catalog = row.IsDBNull(10) ? null : row.GetString(10),
            Since = since,
        };
    }

    private DbSlowQuery Missing(bool isLoaded, string libraries)
    {
        var create = $"run CREATE EXTENSION {Extension} in the database '{target.Database.Database ?? "postgres"}' as a superuser";
        var all = libraries.Length == 0 ? Extension : $"{libraries},{Extension}";
        return new DbSlowQuery
        {
            Status = HealthStatus.Unknown,
            Database = name,
            Engine = DatabaseEngine.Postgres,
            Source = Extension,
            Query = isLoaded ? $"The extension {Extension} is loaded, but not created in this database." : $"The extension {Extension} is not loaded, so the server keeps no figures.",
            NextStep = isLoaded
                ? char.ToUpperInvariant(create[0]) + create[1..] + "."
                : $"Run Set-DbSetting '{name}' shared_preload_libraries '{all}', restart the server, then {create}. Meanwhile Set-DbSlowQueryLog has it write slow queries to its log.",
        };
    }
}
