using Npgsql;

namespace OpsRunbook.Engine.Databases;

/// <summary>The tables of PostgreSQL. Everything goes by object ids, so that no name has to be quoted or resolved.</summary>
/// <param name="member">The database.</param>
/// <param name="target">Where it is.</param>
internal sealed class PostgreSqlTables(DatabaseMember member, DatabaseTarget target) : IDatabaseTables
{
    // The size functions wait for a table that is locked exclusively, as by VACUUM FULL; of such a table the
    // size of its last count is taken.
    private const string TableQuery = """
        WITH locked AS MATERIALIZED (
          SELECT relation FROM pg_locks
           WHERE locktype = 'relation' AND mode = 'AccessExclusiveLock' AND granted
             AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
        SELECT c.oid, n.nspname, c.relname, CASE c.relkind WHEN 'm' THEN 'materialized view' ELSE coalesce(am.amname, 'heap') END AS engine,
               c.reltuples::float8, c.relpages,
               CASE WHEN l.relation IS NULL THEN pg_relation_size(c.oid) ELSE c.relpages::bigint * current_setting('block_size')::int END AS heap,
               CASE WHEN l.relation IS NULL THEN pg_indexes_size(c.oid)
                    ELSE (SELECT coalesce(sum(x.relpages::bigint), 0)::bigint * current_setting('block_size')::int FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid WHERE i.indrelid = c.oid) END AS indexes,
               CASE WHEN c.reltoastrelid = 0 THEN 0 WHEN l.relation IS NULL THEN pg_total_relation_size(c.reltoastrelid)
                    ELSE (SELECT t.relpages::bigint * current_setting('block_size')::int FROM pg_class t WHERE t.oid = c.reltoastrelid) END AS toast,
               CASE WHEN l.relation IS NULL THEN pg_total_relation_size(c.oid) END AS total,
               s.n_live_tup, s.n_dead_tup, s.n_mod_since_analyze, s.last_vacuum, s.last_autovacuum, s.last_analyze, s.last_autoanalyze,
               CASE WHEN c.relfrozenxid <> '0'::xid THEN age(c.relfrozenxid)::bigint END AS age,
               coalesce((SELECT substring(o FROM '^fillfactor=(\d+)$')::int FROM unnest(c.reloptions) o WHERE o LIKE 'fillfactor=%'), 100) AS fillfactor,
               (SELECT rn.nspname || '.' || r.relname FROM pg_class r JOIN pg_namespace rn ON rn.oid = r.relnamespace
                 WHERE c.relispartition AND r.oid = pg_partition_root(c.oid)) AS root,
               l.relation IS NOT NULL AS locked, current_setting('block_size')::int AS page, current_database() AS catalog
          FROM pg_class c
          JOIN pg_namespace n ON n.oid = c.relnamespace
          LEFT JOIN pg_am am ON am.oid = c.relam
          LEFT JOIN pg_stat_all_tables s ON s.relid = c.oid
          LEFT JOIN locked l ON l.relation = c.oid
         WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't' AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
        """;

    private const string ColumnQuery = """
        SELECT a.attrelid, a.attlen::int, CASE a.attalign WHEN 'd' THEN 8 WHEN 'i' THEN 4 WHEN 's' THEN 2 ELSE 1 END, a.attisdropped,
               s.null_frac::float8, s.avg_width
          FROM pg_attribute a
          JOIN pg_class c ON c.oid = a.attrelid
          JOIN pg_namespace n ON n.oid = c.relnamespace
          LEFT JOIN pg_stats s ON s.schemaname = n.nspname AND s.tablename = c.relname AND s.attname = a.attname AND NOT s.inherited
         WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't' AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' AND a.attnum > 0
         ORDER BY a.attrelid, a.attnum
        """;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<DbTable>> ReadTablesAsync(CancellationToken cancellationToken)
    {
        await using var session = await PostgreSqlSession.OpenAsync(target, cancellationToken);
        return await ReadTablesAsync(session, cancellationToken);
    }

    /// <summary>Reads the tables over a session that is open.</summary>
    /// <param name="session">The session.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The tables, the largest first.</returns>
    public async Task<IReadOnlyList<DbTable>> ReadTablesAsync(PostgreSqlSession session, CancellationToken cancellationToken)
    {
        var columns = (await session.QueryAsync(
            ColumnQuery,
            row => (Table: row.GetFieldValue<uint>(0), Column: new PostgreSqlColumn(row.GetInt32(1), row.GetInt32(2), row.GetBoolean(3), Value<double>(row, 4), Value<int>(row, 5))),
            cancellationToken)).ToLookup(pair => pair.Table, pair => pair.Column);
        var tables = await session.QueryAsync(TableQuery, row => ToTable(row, columns), cancellationToken);
        return tables.OrderByDescending(table => table.SizeBytes).ThenBy(table => table.Schema, StringComparer.Ordinal).ThenBy(table => table.Table, StringComparer.Ordinal).ToList();
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<DbIndex>> ReadIndexesAsync(TimeSpan minimumAge, CancellationToken cancellationToken)
    {
        await using var session = await PostgreSqlSession.OpenAsync(target, cancellationToken);
        return await PostgreSqlIndexes.ReadAsync(session, member, minimumAge, cancellationToken);
    }

    private DbTable ToTable(NpgsqlDataReader row, ILookup<uint, PostgreSqlColumn> columns)
    {
        var oid = row.GetFieldValue<uint>(0);
        var counted = row.GetDouble(4);
        var pages = row.GetInt32(5);

        // A table that was dropped a moment ago has no size any more.
        long heap = Value<long>(row, 6) ?? 0, indexes = Value<long>(row, 7) ?? 0, toast = Value<long>(row, 8) ?? 0;
        long? live = Value<long>(row, 10), dead = Value<long>(row, 11);
        var bloat = PostgreSqlBloat.Estimate(counted, pages, row.GetInt32(21), row.GetInt32(18), [.. columns[oid]], row.IsDBNull(13) && row.IsDBNull(15) && row.IsDBNull(16) ? null : Value<long>(row, 12));
        var locked = row.GetBoolean(20);
        return new DbTable
        {
            Database = member.Name,
            Catalog = row.GetString(22),
            Schema = row.GetString(1),
            Table = row.GetString(2),
            Id = oid.ToString(System.Globalization.CultureInfo.InvariantCulture),
            PartitionOf = row.IsDBNull(19) ? null : row.GetString(19),
            Engine = row.GetString(3),
            SizeBytes = Value<long>(row, 9) ?? heap + indexes + toast,
            TableBytes = heap,
            IndexBytes = indexes,
            ToastBytes = toast,
            Rows = counted < 0 && live is null or 0 ? null : live ?? (long)counted,
            DeadRows = dead,
            DeadPercent = dead is not null && live + dead > 0 ? Math.Round(100.0 * dead.Value / (live.GetValueOrDefault() + dead.Value), 1) : null,
            BloatBytes = bloat.Percent is { } percent ? (long)(heap * percent / 100) : null,
            BloatPercent = bloat.Percent,
            BloatMethod = bloat.Percent is null ? null : "column widths",
            BloatTrust = locked && bloat.Trust > DbEstimateTrust.Low ? DbEstimateTrust.Low : bloat.Trust,
            BloatNote = locked ? "the table is locked exclusively just now; its size is that of its last count" : bloat.Note,
            LastVacuum = Value<DateTime>(row, 13),
            LastAutoVacuum = Value<DateTime>(row, 14),
            LastAnalyze = Value<DateTime>(row, 15),
            LastAutoAnalyze = Value<DateTime>(row, 16),
            TransactionAge = Value<long>(row, 17),
            Host = member.HostName,
        };
    }

    private static T? Value<T>(NpgsqlDataReader row, int ordinal)
        where T : struct => row.IsDBNull(ordinal) ? null : row.GetFieldValue<T>(ordinal);
}
