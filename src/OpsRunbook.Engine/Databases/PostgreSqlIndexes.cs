using Npgsql;

namespace OpsRunbook.Engine.Databases;

/// <summary>The indexes of PostgreSQL.</summary>
internal static class PostgreSqlIndexes
{
    // relname and indexrelname, not tablename and indexname: those are columns of pg_indexes. Sizes and expressions of a
    // table that is locked exclusively are not asked for: the server would wait for its end.
    private const string Query = """
        WITH locked AS MATERIALIZED (
          SELECT relation FROM pg_locks
           WHERE locktype = 'relation' AND mode = 'AccessExclusiveLock' AND granted
             AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
        SELECT n.nspname, t.relname, x.relname, CASE WHEN l.free THEN pg_get_indexdef(x.oid) ELSE quote_ident(x.relname) END,
               CASE WHEN l.free OR (i.indexprs IS NULL AND i.indpred IS NULL)
                    THEN concat_ws('|', x.relam, i.indkey, i.indclass, i.indcollation, i.indoption, pg_get_expr(CASE WHEN l.free THEN i.indexprs END, i.indrelid), pg_get_expr(CASE WHEN l.free THEN i.indpred END, i.indrelid))
                    ELSE x.oid::text END,
               x.oid::bigint,
               CASE WHEN l.free THEN pg_relation_size(x.oid) ELSE x.relpages::bigint * current_setting('block_size')::int END,
               s.idx_scan, i.indisunique, i.indisprimary, i.indisvalid AND i.indisready,
               EXISTS (SELECT FROM pg_stat_progress_create_index p WHERE p.datid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND p.relid = i.indrelid),
               i.indisreplident, i.indisexclusion,
               (SELECT string_agg(quote_ident(k.conname), ', ') FROM pg_constraint k WHERE k.conindid = x.oid AND k.contype IN ('p', 'u', 'x')),
               (SELECT string_agg(quote_ident(k.conname), ', ') FROM pg_constraint k WHERE k.conindid = x.oid AND k.contype = 'f'),
               (SELECT string_agg(quote_ident(k.conname), ', ') FROM pg_constraint k
                 WHERE k.conrelid = i.indrelid AND k.contype = 'f' AND i.indpred IS NULL
                   AND (string_to_array(i.indkey::text, ' ')::int2[])[1:cardinality(k.conkey)] @> k.conkey),
               (SELECT quote_ident(p.relname) FROM pg_inherits h JOIN pg_class p ON p.oid = h.inhparent WHERE h.inhrelid = x.oid),
               x.relkind = 'I', i.indisclustered, current_database()
          FROM pg_index i
          JOIN pg_class x ON x.oid = i.indexrelid
          JOIN pg_class t ON t.oid = i.indrelid
          JOIN pg_namespace n ON n.oid = t.relnamespace
          LEFT JOIN pg_stat_all_indexes s ON s.indexrelid = x.oid
         CROSS JOIN LATERAL (SELECT NOT EXISTS (SELECT FROM locked WHERE relation IN (x.oid, t.oid)) AS free) l
         WHERE t.relkind IN ('r', 'm', 'p') AND t.relpersistence <> 't' AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
        """;

    private const string SinceQuery = """
        SELECT (SELECT stats_reset FROM pg_stat_database WHERE datname = current_database()),
               pg_postmaster_start_time(), has_function_privilege('pg_stat_file(text)', 'execute'),
               EXISTS (SELECT FROM pg_stat_replication), pg_is_in_recovery(), current_database(), current_setting('track_counts')::bool
        """;

    /// <summary>Reads and judges the indexes.</summary>
    /// <param name="session">A session with the database.</param>
    /// <param name="member">The database.</param>
    /// <param name="minimumAge">How old statistics must be to say that an index is not used.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The indexes, the largest first.</returns>
    public static async Task<IReadOnlyList<DbIndex>> ReadAsync(PostgreSqlSession session, DatabaseMember member, TimeSpan minimumAge, CancellationToken cancellationToken)
    {
        var (reset, started, mayStat, replicas, standby, catalog, counts) = (await session.QueryAsync(
            SinceQuery,
            row => (row.IsDBNull(0) ? (DateTime?)null : row.GetDateTime(0), row.GetDateTime(1), row.GetBoolean(2), row.GetBoolean(3), row.GetBoolean(4), row.GetString(5), row.GetBoolean(6)),
            cancellationToken))[0];
        if (reset is null && mayStat)
        {
            // Never reset: it counts since the database was made, of which only its folder tells.
            reset = await CreatedAsync(session, cancellationToken);
        }

        // At least since the start of the server, where nothing better is known.
        var statistics = new IndexStatistics(counts ? reset ?? started : null, replicas || standby, counts ? null : "The server does not count (track_counts is off).");
        var facts = await session.QueryAsync(Query, row => ToFacts(row, counts), cancellationToken);
        return IndexJudge.Judge(facts, statistics, minimumAge, member, catalog);
    }

    private static async Task<DateTime?> CreatedAsync(PostgreSqlSession session, CancellationToken cancellationToken) => (await session.QueryAsync(
        "SELECT (pg_stat_file('base/' || oid || '/PG_VERSION', true)).modification FROM pg_database WHERE datname = current_database()",
        row => row.IsDBNull(0) ? (DateTime?)null : row.GetDateTime(0),
        cancellationToken))[0];

    private static IndexFacts ToFacts(NpgsqlDataReader row, bool counts)
    {
        var needed = new List<string>();
        Add("the constraint ", 14);
        Add("the foreign key that refers to it, ", 15);
        Add("the foreign key ", 16);
        Add("the index of the whole partitioned table, ", 17);
        if (row.GetBoolean(12))
        {
            needed.Add("replication (replica identity)");
        }

        if (row.GetBoolean(13) && row.IsDBNull(14))
        {
            needed.Add("an exclusion constraint");
        }

        if (row.GetBoolean(19))
        {
            needed.Add("CLUSTER");
        }

        if (row.GetBoolean(18))
        {
            needed.Add("the partitions");
        }

        return new IndexFacts(row.GetString(0), row.GetString(1), row.GetString(2))
        {
            Definition = row.GetString(3),
            Shape = row.GetString(4),
            Age = row.GetInt64(5),
            Bytes = row.IsDBNull(6) ? null : row.GetInt64(6),
            Scans = row.IsDBNull(7) || !counts ? null : row.GetInt64(7),
            Unique = row.GetBoolean(8),
            Primary = row.GetBoolean(9),
            Valid = row.GetBoolean(10),
            Building = !row.GetBoolean(10) && row.GetBoolean(11),
            NeededBy = needed,
        };

        void Add(string what, int ordinal)
        {
            if (!row.IsDBNull(ordinal))
            {
                needed.Add(what + row.GetString(ordinal));
            }
        }
    }
}
