using Npgsql;

namespace OpsRunbook.Engine.Databases;

/// <summary>State of a PostgreSQL server.</summary>
/// <param name="target">Where it is.</param>
internal sealed class PostgreSqlStatus(DatabaseTarget target) : IDatabaseStatus
{
    private const string Query = """
        WITH clients AS (
          SELECT a.pid, a.state, clock_timestamp() - a.state_change AS state_age, clock_timestamp() - a.xact_start AS xact_age, a.backend_start
            FROM pg_stat_activity a
           WHERE a.backend_type = 'client backend' OR (a.backend_type IS NULL AND a.datid IS NOT NULL AND a.usesysid IS NOT NULL))
        SELECT current_setting('server_version'), current_database()::text, pg_database_size(current_database()),
               (SELECT count(*)::int FROM clients), current_setting('max_connections')::int,
               (SELECT count(*)::int FROM clients WHERE state = 'active' AND pid <> pg_backend_pid()),
               (SELECT count(*)::int FROM clients WHERE state LIKE 'idle in transaction%'),
               (SELECT extract(epoch FROM max(state_age))::float8 FROM clients WHERE state LIKE 'idle in transaction%'),
               (SELECT extract(epoch FROM max(xact_age))::float8 FROM clients WHERE pid <> pg_backend_pid()),
               d.blks_hit::float8, d.blks_read::float8, d.deadlocks,
               extract(epoch FROM clock_timestamp() - pg_postmaster_start_time())::float8,
               pg_is_in_recovery(),
               (SELECT count(*)::int FROM pg_stat_replication),
               (SELECT extract(epoch FROM max(replay_lag))::float8 FROM pg_stat_replication),
               (SELECT count(*)::int FROM pg_stat_wal_receiver WHERE status = 'streaming'),
               CASE WHEN NOT pg_is_in_recovery() THEN NULL
                    WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
                    ELSE extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) END::float8,
               (SELECT max(age(datfrozenxid))::bigint FROM pg_database),
               (SELECT count(*)::int FROM clients WHERE backend_start IS NULL)
          FROM pg_stat_database d
         WHERE d.datname = current_database()
        """;

    /// <inheritdoc/>
    public async Task<StatusReading> ReadAsync(CancellationToken cancellationToken)
    {
        await using var session = await PostgreSqlSession.OpenAsync(target, cancellationToken);
        return (await session.QueryAsync(Query, Map, cancellationToken))[0];
    }

    private StatusReading Map(NpgsqlDataReader row)
    {
        var (isReplica, replicas, receives) = (row.GetBoolean(13), row.GetInt32(14), row.GetInt32(16) > 0);
        var hidden = row.GetInt32(19);
        return new StatusReading
        {
            Version = row.GetString(0).Split(' ')[0],
            Catalog = row.GetString(1),
            Size = row.GetInt64(2),
            Connections = row.GetInt32(3),
            MaximumConnections = row.GetInt32(4),
            Active = row.GetInt32(5),
            IdleInTransaction = row.GetInt32(6),
            LongestIdleInTransaction = Seconds(row, 7),
            OldestTransaction = Seconds(row, 8),
            CacheHits = row.GetDouble(9),
            CacheMisses = row.GetDouble(10),
            Deadlocks = row.GetInt64(11),
            Uptime = Seconds(row, 12),
            Role = isReplica ? "replica" : replicas > 0 ? "primary" : "single",

            // Without a receiver nothing more comes, and what has come may well have been replayed: no lag is none then.
            Lag = isReplica ? receives ? Seconds(row, 17) : null : Seconds(row, 15),
            Replicas = replicas,
            ReplicationBroken = isReplica && !receives && hidden == 0 ? "It receives nothing from its primary." : null,
            TransactionNumberAge = row.GetInt64(18),
            Restriction = hidden == 0 ? null : $"{hidden} sessions of other users show no details to '{target.User}', so transactions may be missing. Grant it pg_monitor.",
        };
    }

    private static TimeSpan? Seconds(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : TimeSpan.FromSeconds(Math.Max(0, row.GetDouble(column)));
}
