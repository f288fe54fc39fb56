using System.Globalization;
using System.Text.RegularExpressions;
using Npgsql;

namespace OpsRunbook.Engine.Databases;

/// <summary>Sessions of PostgreSQL.</summary>
internal sealed partial class PostgreSqlSessions : IDatabaseSessions
{
    // Who waits for a lock is asked only of those that wait: the question stops the lock manager for a moment.
    // A role without pg_read_all_stats sees no backend_type of others; what belongs to a database and a user is a client then.
    private const string Columns = """
        SELECT a.pid, a.backend_type, a.state, a.usename::text, a.application_name,
               CASE WHEN a.client_addr IS NOT NULL THEN host(a.client_addr) || ':' || a.client_port WHEN a.client_port = -1 THEN 'socket' END,
               a.datname::text, a.query, a.backend_start, a.state_change, a.query_start, a.xact_start,
               a.wait_event_type || ': ' || a.wait_event,
               CASE WHEN a.wait_event_type = 'Lock' THEN array_to_string(pg_blocking_pids(a.pid), ',') END,
               pg_postmaster_start_time(), clock_timestamp()
          FROM pg_stat_activity a
         WHERE a.pid <> pg_backend_pid()
        """;

    private const string Clients = """
           AND (a.backend_type = 'client backend' OR (a.backend_type IS NULL AND a.datid IS NOT NULL AND a.usesysid IS NOT NULL))
        """;

    private readonly string _name;
    private readonly DatabaseTarget _target;
    private readonly PostgreSqlSession _session;

    private PostgreSqlSessions(string name, DatabaseTarget target, PostgreSqlSession session)
    {
        _name = name;
        _target = target;
        _session = session;
    }

    /// <inheritdoc/>
    public TimeSpan Tolerance => TimeSpan.Zero;

    /// <inheritdoc/>
    public string? Restriction { get; private set; }

    /// <summary>Connects.</summary>
    /// <param name="name">Name of the database in the stack.</param>
    /// <param name="target">Where it is.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The sessions.</returns>
    public static async Task<PostgreSqlSessions> OpenAsync(string name, DatabaseTarget target, CancellationToken cancellationToken) =>
        new(name, target, await target.WithinAsync(token => PostgreSqlSession.OpenAsync(target, token), cancellationToken));

    /// <inheritdoc/>
    public async Task<IReadOnlyList<DbSession>> ListAsync(bool allDatabases, CancellationToken cancellationToken)
    {
        var filter = allDatabases ? string.Empty : " AND a.datname = current_database()";
        var sessions = await ReadAsync($"{Columns}{Clients}{filter} ORDER BY a.pid", [], cancellationToken);
        var hidden = sessions.Count(session => session.StartedAt is null);
        Restriction = hidden == 0
            ? null
            : $"{hidden} sessions of other users show no details to '{_target.User}'. Grant it pg_monitor, or use -Credential of a user who has it.";
        return sessions;
    }

    /// <inheritdoc/>
    public async Task<DbSession?> FindAsync(long id, CancellationToken cancellationToken) =>
        id is > 0 and <= int.MaxValue && await ReadAsync($"{Columns} AND a.pid = $1", [(int)id], cancellationToken) is [var session] ? session : null;

    /// <inheritdoc/>
    public async Task<SessionHoldings> HoldingsAsync(DbSession session, CancellationToken cancellationToken)
    {
        // Names of relations are known in their own database only.
        var locks = await _target.WithinAsync(
            token => _session.QueryAsync(
                """
                SELECT l.mode, l.locktype, CASE WHEN l.database IN (0, (SELECT oid FROM pg_database WHERE datname = current_database())) THEN l.relation::regclass::text END, l.relation::bigint
                  FROM pg_locks l
                 WHERE l.pid = $1 AND l.granted AND l.locktype <> 'virtualxid'
                 ORDER BY l.locktype, l.relation, l.mode
                 LIMIT 100
                """,
                row => row.IsDBNull(3) ? $"{row.GetString(0)} on {row.GetString(1)}"
                    : $"{row.GetString(0)} on {(row.IsDBNull(2) ? $"relation {row.GetInt64(3)} of another database" : row.GetString(2))}",
                token,
                (int)session.Id),
            cancellationToken);
        var blocked = await _target.WithinAsync(
            token => _session.QueryAsync(
                "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND $1 = ANY(pg_blocking_pids(pid)) ORDER BY pid",
                row => (long)row.GetInt32(0),
                token,
                (int)session.Id),
            cancellationToken);
        return new SessionHoldings(locks, blocked);
    }

    /// <inheritdoc/>
    public Task<bool> CancelAsync(DbSession session, CancellationToken cancellationToken) =>
        SignalAsync("pg_cancel_backend(pid)", "AND state = 'active' AND state_change IS NOT DISTINCT FROM $3", session, cancellationToken, session.StateSince);

    /// <inheritdoc/>
    public Task<bool> TerminateAsync(DbSession session, bool sameWork, CancellationToken cancellationToken) => sameWork
        ? SignalAsync("pg_terminate_backend(pid)", "AND state_change IS NOT DISTINCT FROM $3", session, cancellationToken, session.StateSince)
        : SignalAsync("pg_terminate_backend(pid)", string.Empty, session, cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _session.DisposeAsync();

    // Number and start are looked at in the statement that sends the signal: the number may have become another session's.
    private async Task<bool> SignalAsync(string function, string condition, DbSession session, CancellationToken cancellationToken, params object?[] more)
    {
        var sent = await _target.WithinAsync(
            token => _session.QueryAsync(
                $"SELECT {function} FROM pg_stat_activity WHERE pid = $1 AND backend_start = $2 {condition}",
                row => row.GetBoolean(0),
                token,
                [(int)session.Id, session.StartedAt, .. more]),
            cancellationToken);
        return sent is [true];
    }

    private Task<IReadOnlyList<DbSession>> ReadAsync(string sql, object?[] parameters, CancellationToken cancellationToken) =>
        _target.WithinAsync(token => _session.QueryAsync(sql, Map, token, parameters), cancellationToken);

    private DbSession Map(NpgsqlDataReader row)
    {
        var (type, serverState, query) = (Text(row, 1), Text(row, 2), Text(row, 7));
        var state = serverState switch
        {
            "active" or "fastpath function call" => DbSessionState.Active,
            "idle" => DbSessionState.Idle,
            "idle in transaction" or "idle in transaction (aborted)" => DbSessionState.IdleInTransaction,
            _ => DbSessionState.Unknown,
        };
        var (now, application) = (row.GetDateTime(15), Text(row, 4));
        return new DbSession
        {
            State = state,
            Kind = KindOf(type, application, state, query),
            Id = row.GetInt32(0),
            Database = _name,
            Engine = DatabaseEngine.Postgres,
            StartedAt = Time(row, 8),
            ServerStartedAt = row.GetDateTime(14),
            StateSince = Time(row, 9),
            User = Text(row, 3),
            Application = application is { Length: > 0 } ? application : null,
            Address = Text(row, 5),
            Catalog = Text(row, 6),
            Running = state == DbSessionState.Active ? Since(now, Time(row, 10)) : null,
            Idle = state is DbSessionState.Idle or DbSessionState.IdleInTransaction ? Since(now, Time(row, 9)) : null,
            Transaction = Since(now, Time(row, 11)),
            Wait = Text(row, 12),
            BlockedBy = Text(row, 13) is { Length: > 0 } blockers
                ? blockers.Split(',').Select(pid => long.Parse(pid, CultureInfo.InvariantCulture)).Distinct().ToList()
                : [],
            Query = query is { Length: > 0 } ? SqlText.Redact(query, DatabaseEngine.Postgres) : null,
            ServerState = serverState ?? type,
            CheckedAt = now,
        };
    }

    private static DbSessionKind KindOf(string? type, string? application, DbSessionState state, string? query) => type switch
    {
        "walsender" => application?.StartsWith("pg_basebackup", StringComparison.Ordinal) == true ? DbSessionKind.Backup : DbSessionKind.Replication,
        "walreceiver" or "logical replication worker" or "logical replication launcher" => DbSessionKind.Replication,
        "autovacuum worker" or "autovacuum launcher" => DbSessionKind.Maintenance,
        "client backend" or null => application is not null && BackupProgram().IsMatch(application) ? DbSessionKind.Backup
            : state == DbSessionState.Active && query is not null && MaintenanceStatement().IsMatch(query) ? DbSessionKind.Maintenance
            : DbSessionKind.Client,
        _ => DbSessionKind.System,
    };

    private static string? Text(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    private static DateTime? Time(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetDateTime(column);

    private static TimeSpan? Since(DateTime now, DateTime? then) => then is null ? null : now > then ? now - then : TimeSpan.Zero;

    [GeneratedRegex("^(pg_dump|pg_dumpall|pg_restore|pg_basebackup|pgbackrest|barman|wal-g)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex BackupProgram();

    [GeneratedRegex(@"^\s*(vacuum|reindex|cluster)\b", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex MaintenanceStatement();
}
