using System.Globalization;
using Npgsql;

namespace OpsRunbook.Engine.Databases;

/// <summary>
/// Maintenance of PostgreSQL: one session works and holds the lock of the whole run, a second one watches it, and ends its work when
/// nobody waits for it any more.
/// </summary>
internal sealed class PostgreSqlMaintenance : IDatabaseMaintenance
{
    // Whoever waits for an exclusive lock makes everybody behind wait too, readers included. So it waits for a moment only,
    // and lets the others pass before it tries again.
    private static readonly TimeSpan ExclusiveAttempt = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan BetweenAttempts = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LastWord = TimeSpan.FromSeconds(3);

    // "OpsR" and the number of this lock within it.
    private const int LockClass = 0x4f707352;
    private const int LockNumber = 1;
    private const int Version12 = 120000;
    private const int Version13 = 130000;
    private const int Version14 = 140000;
    private const int Version17 = 170000;
    private const string LockNotAvailable = "55P03";
    private const string UndefinedTable = "42P01";

    private static readonly string[] AllModes =
        ["AccessShareLock", "RowShareLock", "RowExclusiveLock", "ShareUpdateExclusiveLock", "ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock"];

    private readonly DatabaseMember _member;
    private readonly DatabaseTarget _target;
    private readonly PostgreSqlSession _worker;
    private readonly PostgreSqlSession _monitor;
    private readonly int _workerId;
    private readonly DateTime _workerStart;
    private readonly string _dataDirectory;
    private readonly long _largestLog;

    private PostgreSqlMaintenance(DatabaseMember member, DatabaseTarget target, PostgreSqlSession worker, PostgreSqlSession monitor, DateTime workerStart, string dataDirectory, long largestLog)
    {
        _member = member;
        _target = target;
        _worker = worker;
        _workerId = worker.ProcessId;
        _monitor = monitor;
        _workerStart = workerStart;
        _dataDirectory = dataDirectory;
        _largestLog = largestLog;
    }

    /// <inheritdoc/>
    public IReadOnlyList<DbMaintenanceOperation> Operations { get; } =
    [
        DbMaintenanceOperation.Vacuum, DbMaintenanceOperation.Analyze, DbMaintenanceOperation.VacuumFull, DbMaintenanceOperation.Reindex,
        DbMaintenanceOperation.RemoveInvalidIndex,
    ];

    /// <summary>Opens both sessions.</summary>
    /// <param name="member">The database.</param>
    /// <param name="target">Where it is.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The maintenance.</returns>
    public static async Task<PostgreSqlMaintenance> OpenAsync(DatabaseMember member, DatabaseTarget target, CancellationToken cancellationToken)
    {
        var worker = await PostgreSqlSession.OpenAsync(target, cancellationToken);
        PostgreSqlSession? monitor = null;
        try
        {
            // Limits that a role or database has for its application are not meant for this.
            await SetAsync(worker, "statement_timeout", "0", cancellationToken);
            await SetAsync(worker, "application_name", Holder(), cancellationToken);
            if (worker.Version >= Version14)
            {
                await NoticeEndAsync(worker, cancellationToken);
            }

            monitor = await PostgreSqlSession.OpenAsync(target, cancellationToken);
            var (start, folder, log) = (await monitor.QueryAsync(
                """
                SELECT (SELECT backend_start FROM pg_stat_activity WHERE pid = $1),
                       (SELECT setting FROM pg_settings WHERE name = 'data_directory'),
                       (SELECT setting::bigint * 1024 * 1024 FROM pg_settings WHERE name = 'max_wal_size')
                """,
                row => (row.GetDateTime(0), row.IsDBNull(1) ? string.Empty : row.GetString(1), row.IsDBNull(2) ? 0 : row.GetInt64(2)),
                cancellationToken,
                worker.ProcessId))[0];
            return new PostgreSqlMaintenance(member, target, worker, monitor, start, folder, log);
        }
        catch
        {
            await worker.DisposeAsync();
            if (monitor is not null)
            {
                await monitor.DisposeAsync();
            }

            throw;
        }
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<DbTable>> ReadTablesAsync(CancellationToken cancellationToken) => new PostgreSqlTables(_member, _target).ReadTablesAsync(_monitor, cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<string>> FindLeftoversAsync(IReadOnlyList<DbTable> tables, CancellationToken cancellationToken)
    {
        var chosen = tables.Select(table => (table.Schema, table.Table)).ToHashSet();
        return (await PostgreSqlIndexes.ReadAsync(_monitor, _member, TimeSpan.Zero, cancellationToken))
            .Where(index => index.IsLeftover && chosen.Contains((index.Schema, index.Table)))
            .Select(index => $"The index {index.Schema}.{index.Index} of {index.Table} ({ByteSize.Format(index.SizeBytes ?? 0)}) is what a failed concurrent rebuild has left behind. -Operation RemoveInvalidIndex drops it.")
            .ToList();
    }

    /// <inheritdoc/>
    public OpsException? Refusal(DbMaintenanceOperation operation, DbTable table) => operation == DbMaintenanceOperation.Reindex && _worker.Version < Version12
        ? new OpsException(
            "Db.OperationNotSupported", OpsErrorKind.Refused, "This version of PostgreSQL rebuilds indexes only under a lock that stops writes.", "Upgrade to version 12 or later, or run REINDEX in a maintenance window.", table.Table)
        : null;

    /// <inheritdoc/>
    public string Statement(DbMaintenanceOperation operation, DbTable table) => Statement(operation, table.Schema, table.Table);

    /// <inheritdoc/>
    public async Task<SpaceNeed?> ReadSpaceAsync(DbMaintenanceOperation operation, DbTable table, CancellationToken cancellationToken)
    {
        // The copy, and as much again in the log, of which no more is kept than a checkpoint lets grow.
        var copy = operation switch
        {
            DbMaintenanceOperation.VacuumFull => table.SizeBytes,
            DbMaintenanceOperation.Reindex => table.IndexBytes,
            _ => 0,
        };
        if (copy == 0)
        {
            return null;
        }

        var space = (await _monitor.QueryAsync(
            """
            SELECT pg_tablespace_location(CASE c.reltablespace WHEN 0 THEN d.dattablespace ELSE c.reltablespace END)
              FROM pg_class c, pg_database d WHERE c.oid = $1 AND d.datname = current_database()
            """,
            row => row.IsDBNull(0) ? string.Empty : row.GetString(0),
            cancellationToken,
            Oid(table))) is [var location, ..] ? location : null;
        var elsewhere = !string.IsNullOrEmpty(space);
        return await DataFolder.ReadAsync(
            _target, elsewhere ? space : _dataDirectory.Length > 0 ? _dataDirectory : null, elsewhere ? copy : copy + Math.Min(copy, _largestLog), cancellationToken);
    }

    /// <inheritdoc/>
    public async Task LockAsync(CancellationToken cancellationToken)
    {
        if ((await _worker.QueryAsync("SELECT pg_try_advisory_lock($1, $2)", row => row.GetBoolean(0), cancellationToken, LockClass, LockNumber))[0])
        {
            return;
        }

        var holders = await _monitor.QueryAsync(
            """
            SELECT a.pid, a.application_name, a.usename::text, coalesce(host(a.client_addr), 'a local socket'), NULL::text, a.backend_start
              FROM pg_locks l JOIN pg_stat_activity a USING (pid)
             WHERE l.locktype = 'advisory' AND l.granted AND l.classid::bigint = $1 AND l.objid::bigint = $2 AND l.objsubid = 2
               AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
            """,
            Describe,
            cancellationToken,
            (long)LockClass,
            (long)LockNumber);
        throw MaintenanceErrors.Running(_member.Name, holders is [var holder, ..] ? holder : "by a session that is just ending");
    }

    /// <inheritdoc/>
    public async Task<string> RunAsync(
        DbMaintenanceOperation operation, DbTable table, TimeSpan lockTimeout, Action<string, int?> progress, CancellationToken cancellationToken)
    {
        var statements = await StatementsAsync(operation, table, cancellationToken);
        _worker.TakeWarnings();
        foreach (var statement in statements)
        {
            await RunAsync(statement, operation, table, lockTimeout, progress, cancellationToken);
        }

        return operation != DbMaintenanceOperation.RemoveInvalidIndex ? string.Join("; ", _worker.TakeWarnings())
            : statements.Count == 0 ? "nothing was left behind"
            : string.Join("; ", statements);
    }

    /// <inheritdoc/>
    public async Task<long?> ReadSizeAsync(DbTable table, CancellationToken cancellationToken) => (await _monitor.QueryAsync(
        "SELECT pg_total_relation_size($1::oid)", row => row.IsDBNull(0) ? (long?)null : row.GetInt64(0), cancellationToken, Oid(table)))[0];

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _worker.DisposeAsync();
        await _monitor.DisposeAsync();
    }

    private static string Statement(DbMaintenanceOperation operation, string schema, string table)
    {
        var name = $"{PostgreSqlSession.Identifier(schema)}.{PostgreSqlSession.Identifier(table)}";
        return operation switch
        {
            DbMaintenanceOperation.Vacuum => $"VACUUM {name}",
            DbMaintenanceOperation.Analyze => $"ANALYZE {name}",
            DbMaintenanceOperation.VacuumFull => $"VACUUM (FULL) {name}",
            DbMaintenanceOperation.Reindex => $"REINDEX TABLE CONCURRENTLY {name}",
            _ => $"DROP INDEX CONCURRENTLY of what is left behind on {name}",
        };
    }

    private static long Oid(DbTable table) => long.Parse(table.Id, CultureInfo.InvariantCulture);

    private static string Holder() => $"OpsRunbook {Environment.UserName}@{Environment.MachineName} pid {Environment.ProcessId}";

    private static async Task SetAsync(PostgreSqlSession session, string name, string value, CancellationToken cancellationToken) =>
        await session.QueryAsync("SELECT set_config($1, $2, false)", _ => true, cancellationToken, name, value);

    // Should this process be killed, the server finds out and ends what nobody waits for. Some systems that servers run on cannot do that.
    private static async Task NoticeEndAsync(PostgreSqlSession session, CancellationToken cancellationToken)
    {
        try
        {
            await SetAsync(session, "client_connection_check_interval", "2s", cancellationToken);
        }
        catch (OpsException error) when (State(error) is not null)
        {
            // Ctrl+C ends the work all the same, by the other session.
        }
    }

    private static string Describe(NpgsqlDataReader row) =>
        FormattableString.Invariant($"pid {row.GetInt32(0)} ('{(row.IsDBNull(1) ? string.Empty : row.GetString(1))}', user {(row.IsDBNull(2) ? "unknown" : row.GetString(2))} from {row.GetString(3)}")
        + (row.IsDBNull(4) ? string.Empty : $", {row.GetString(4)}")
        + (row.IsDBNull(5) ? ")" : $" for {Duration.Format(DateTime.UtcNow - row.GetDateTime(5))})");

    private static string? State(OpsException error) => (error.InnerException as PostgresException)?.SqlState;

    // Names may have changed since the table was listed, its object id has not.
    private async Task<IReadOnlyList<string>> StatementsAsync(DbMaintenanceOperation operation, DbTable table, CancellationToken cancellationToken)
    {
        var names = await _monitor.QueryAsync(
            $"""
            SELECT n.nspname, c.relname, pg_has_role(c.relowner, 'USAGE') OR pg_has_role(d.datdba, 'USAGE'){(_worker.Version < Version17 ? string.Empty : " OR has_table_privilege(c.oid, 'MAINTAIN')")}
              FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_database d ON d.datname = current_database() WHERE c.oid = $1
            """,
            row => (Schema: row.GetString(0), Table: row.GetString(1), Allowed: row.GetBoolean(2)),
            cancellationToken,
            Oid(table));
        if (names is not [var (schema, name, allowed)])
        {
            throw MaintenanceErrors.Gone($"{table.Schema}.{table.Table}");
        }

        if (!allowed)
        {
            // VACUUM and ANALYZE leave out what is not theirs with no more than a warning.
            throw DatabaseErrors.Forbidden(_target.Text, _target.User, $"only the owner of {schema}.{name} or of the database may do that");
        }

        return operation != DbMaintenanceOperation.RemoveInvalidIndex
            ? [Statement(operation, schema, name)]
            : (await PostgreSqlIndexes.ReadAsync(_monitor, _member, TimeSpan.Zero, cancellationToken))
                .Where(index => index.IsLeftover && index.Schema == schema && index.Table == name)
                .Select(index => $"DROP INDEX CONCURRENTLY {PostgreSqlSession.Identifier(index.Schema)}.{PostgreSqlSession.Identifier(index.Index)}")
                .ToList();
    }

    private async Task RunAsync(
        string statement, DbMaintenanceOperation operation, DbTable table, TimeSpan lockTimeout, Action<string, int?> progress, CancellationToken cancellationToken)
    {
        // Only VACUUM FULL takes a lock that readers wait behind. The others may wait in the queue without harm.
        var exclusive = operation == DbMaintenanceOperation.VacuumFull;
        var attempt = exclusive && lockTimeout > ExclusiveAttempt ? ExclusiveAttempt : lockTimeout;
        var started = DateTime.UtcNow;
        await SetAsync(_worker, "lock_timeout", Math.Max(1, Math.Ceiling(attempt.TotalMilliseconds)).ToString(CultureInfo.InvariantCulture), cancellationToken);
        while (true)
        {
            var watch = new Watch(_monitor, _worker, progress);
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, watch.Lost);
            try
            {
                await _worker.ExecuteAsync(statement, stop.Token);
                await watch.DisposeAsync();
                return;
            }
            catch (OperationCanceledException)
            {
                await watch.DisposeAsync();
                if (!cancellationToken.IsCancellationRequested)
                {
                    throw new OpsException(
                        "Db.ConnectionLost", OpsErrorKind.Connection, $"{_target.Text} has not answered for {Duration.Format(Watch.Patience)}.", "Check the network and the server.", _target.Text);
                }

                await EndWorkAsync();
                throw;
            }
            catch (OpsException error)
            {
                await watch.DisposeAsync();
                if (State(error) == UndefinedTable)
                {
                    throw MaintenanceErrors.Gone($"{table.Schema}.{table.Table}");
                }

                if (State(error) != LockNotAvailable)
                {
                    throw;
                }

                var holders = await HoldersAsync(table, exclusive, cancellationToken);
                if (DateTime.UtcNow - started >= lockTimeout - BetweenAttempts)
                {
                    throw MaintenanceErrors.Locked($"{table.Schema}.{table.Table}", DateTime.UtcNow - started, holders.Count > 0 ? holders : watch.Holders);
                }

                progress(holders.Count > 0 ? $"waiting for {holders[0]}" : "waiting for others", null);
            }

            await Task.Delay(BetweenAttempts, cancellationToken);
        }
    }

    private Task<IReadOnlyList<string>> HoldersAsync(DbTable table, bool exclusive, CancellationToken cancellationToken) => _monitor.QueryAsync(
        """
        SELECT a.pid, a.application_name, a.usename::text, coalesce(host(a.client_addr), 'a local socket'), a.state, a.xact_start
          FROM pg_stat_activity a
         WHERE a.pid <> $2 AND a.pid <> pg_backend_pid() AND EXISTS (
           SELECT FROM pg_locks l
            WHERE l.pid = a.pid AND l.granted AND l.locktype = 'relation' AND l.mode = ANY ($3)
              AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
              AND (l.relation = $1 OR l.relation IN (SELECT indexrelid FROM pg_index WHERE indrelid = $1)
                   OR l.relation = (SELECT reltoastrelid FROM pg_class WHERE oid = $1)))
         ORDER BY a.xact_start
        """,
        Describe,
        cancellationToken,
        Oid(table),
        _workerId,
        exclusive ? AllModes : AllModes[3..]);

    // The server does not notice that nobody waits any more until it has something to say.
    private async Task EndWorkAsync()
    {
        using var limit = new CancellationTokenSource(LastWord);
        try
        {
            var left = 1;
            while (left > 0)
            {
                left = (await _monitor.QueryAsync(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = $1 AND backend_start = $2", row => row.GetBoolean(0), limit.Token, _workerId, _workerStart)).Count;
                await Task.Delay(left * 50, limit.Token);
            }
        }
        catch (Exception error) when (error is OpsException or OperationCanceledException)
        {
            // The server is gone or does not answer; it notices the closed connection within seconds.
        }
    }

    /// <summary>Reads how far the working session is, over the other one, until it is told to end.</summary>
    private sealed class Watch : IAsyncDisposable
    {
        private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);
        private readonly CancellationTokenSource _stop = new();
        private readonly CancellationTokenSource _lost = new();
        private readonly PostgreSqlSession _monitor;
        private readonly PostgreSqlSession _worker;
        private readonly Action<string, int?> _progress;
        private readonly int _pid;
        private readonly Task _watching;

        public Watch(PostgreSqlSession monitor, PostgreSqlSession worker, Action<string, int?> progress)
        {
            _monitor = monitor;
            _worker = worker;
            _progress = progress;
            _pid = worker.ProcessId;
            _watching = WatchAsync();
        }

        /// <summary>How long the server may leave a question unanswered.</summary>
        public static TimeSpan Patience { get; } = TimeSpan.FromSeconds(30);

        /// <summary>Cancelled when the server does not answer any more: nobody would ever hear from the work either.</summary>
        public CancellationToken Lost => _lost.Token;

        /// <summary>Who was last seen to hold what the work waited for.</summary>
        public IReadOnlyList<string> Holders { get; private set; } = [];

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _watching;
            _stop.Dispose();
            _lost.Dispose();
        }

        private async Task WatchAsync()
        {
            try
            {
                while (true)
                {
                    await Task.Delay(Interval, _stop.Token);

                    // Not with that token: it would cut the session, which is needed afterwards.
                    using var patience = new CancellationTokenSource(Patience);
                    try
                    {
                        await LookAsync(patience.Token);
                    }
                    catch (OperationCanceledException)
                    {
                        await _lost.CancelAsync();
                    }
                }
            }
            catch (Exception error) when (error is OperationCanceledException or OpsException)
            {
                // Told to end; or the server is gone, which the work sees for itself.
            }
        }

        private async Task LookAsync(CancellationToken cancellationToken)
        {
            var holders = await _monitor.QueryAsync(
                """
                SELECT a.pid, a.application_name, a.usename::text, coalesce(host(a.client_addr), 'a local socket'), a.state, a.xact_start
                  FROM pg_stat_activity a WHERE a.pid = ANY (pg_blocking_pids($1))
                """,
                Describe,
                cancellationToken,
                _pid);
            if (holders.Count > 0)
            {
                Holders = holders;
                _progress($"waiting for {holders[0]}", null);
                return;
            }

            foreach (var (phase, done, total) in await _monitor.QueryAsync(
                ProgressQuery(), row => (row.GetString(0), row.GetInt64(1), row.GetInt64(2)), cancellationToken, _pid))
            {
                _progress(phase, total > 0 ? (int)Math.Min(100, 100 * done / total) : null);
            }
        }

        private string ProgressQuery() =>
            "SELECT phase, heap_blks_scanned, heap_blks_total FROM pg_stat_progress_vacuum WHERE pid = $1"
            + (_worker.Version < Version12 ? string.Empty
                : " UNION ALL SELECT phase, heap_blks_scanned, heap_blks_total FROM pg_stat_progress_cluster WHERE pid = $1"
                + " UNION ALL SELECT phase, CASE WHEN tuples_total > 0 THEN tuples_done ELSE blocks_done END, greatest(tuples_total, blocks_total) FROM pg_stat_progress_create_index WHERE pid = $1")
            + (_worker.Version < Version13 ? string.Empty : " UNION ALL SELECT phase, sample_blks_scanned, sample_blks_total FROM pg_stat_progress_analyze WHERE pid = $1");
    }
}
