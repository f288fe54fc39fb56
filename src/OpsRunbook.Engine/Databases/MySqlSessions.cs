using System.Globalization;
using System.Text.RegularExpressions;

namespace OpsRunbook.Engine.Databases;

/// <summary>Sessions of MySQL and MariaDB.</summary>
internal sealed partial class MySqlSessions : IDatabaseSessions
{
    private const int FullRetries = 5;
    private static readonly TimeSpan FullPause = TimeSpan.FromMilliseconds(100);

    private readonly string _name;
    private readonly DatabaseTarget _target;
    private readonly MySqlSession _session;
    private readonly bool _seesAll;

    private MySqlSessions(string name, DatabaseTarget target, MySqlSession session, bool seesAll)
    {
        _name = name;
        _target = target;
        _session = session;
        _seesAll = seesAll;
    }

    /// <inheritdoc/>
    /// <remarks>Uptime is in whole seconds, and MySQL's age of a state too.</remarks>
    public TimeSpan Tolerance => TimeSpan.FromSeconds(3);

    /// <inheritdoc/>
    public string? Restriction => _seesAll
        ? null
        : $"'{_target.User}' sees its own sessions only. Grant it PROCESS, or use -Credential of a user who has it.";

    private string ProcessList => _session.IsMariaDb ? "information_schema.PROCESSLIST" : "performance_schema.processlist";

    // Both keep the age of a state; MariaDB in milliseconds too.
    private string Age => _session.IsMariaDb ? "p.TIME_MS / 1000" : "p.TIME";

    private string TransactionOf(string column) => _seesAll
        ? $"(SELECT {column} FROM information_schema.INNODB_TRX t WHERE t.trx_mysql_thread_id = p.ID LIMIT 1)"
        : "NULL";

    /// <summary>Connects.</summary>
    /// <param name="name">Name of the database in the stack.</param>
    /// <param name="target">Where it is.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The sessions.</returns>
    public static Task<MySqlSessions> OpenAsync(string name, DatabaseTarget target, CancellationToken cancellationToken) =>
        target.WithinAsync(token => LogInAsync(name, target, token), cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<DbSession>> ListAsync(bool allDatabases, CancellationToken cancellationToken)
    {
        var filter = allDatabases || _target.Database.Database is not { } database ? string.Empty : $" AND p.DB = {MySqlSession.Literal(database)}";
        var sessions = await ReadAsync($"p.ID <> CONNECTION_ID(){filter}", cancellationToken);
        return sessions.Where(session => session.Kind is not (DbSessionKind.Replication or DbSessionKind.System)).ToList();
    }

    /// <inheritdoc/>
    public async Task<DbSession?> FindAsync(long id, CancellationToken cancellationToken) =>
        await ReadAsync($"p.ID = {Number(id)} AND p.ID <> CONNECTION_ID()", cancellationToken) is [var session] ? session : null;

    /// <inheritdoc/>
    public async Task<SessionHoldings> HoldingsAsync(DbSession session, CancellationToken cancellationToken)
    {
        if (!_seesAll)
        {
            return new SessionHoldings([], []);
        }

        var locks = new List<string>();
        foreach (var row in await AskAsync(
            $"SELECT trx_rows_locked, trx_tables_locked, trx_rows_modified FROM information_schema.INNODB_TRX WHERE trx_mysql_thread_id = {Number(session.Id)}", cancellationToken))
        {
            locks.Add($"{row["trx_rows_locked"]} rows in {row["trx_tables_locked"]} tables locked, {row["trx_rows_modified"]} rows changed");
        }

        var waits = await LockWaitsAsync(cancellationToken);
        return new SessionHoldings(locks, waits.Where(wait => wait.Holds == session.Id).Select(wait => wait.Waits).OfType<long>().Order().ToList());
    }

    /// <inheritdoc/>
    public Task<bool> CancelAsync(DbSession session, CancellationToken cancellationToken) => KillAsync("KILL QUERY", session, sameWork: true, cancellationToken);

    /// <inheritdoc/>
    public Task<bool> TerminateAsync(DbSession session, bool sameWork, CancellationToken cancellationToken) => KillAsync("KILL CONNECTION", session, sameWork, cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _session.DisposeAsync();

    private static async Task<MySqlSessions> LogInAsync(string name, DatabaseTarget target, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var session = await MySqlSession.OpenAsync(target, cancellationToken);
            try
            {
                var grants = await session.QueryAsync("SHOW GRANTS", cancellationToken);
                var seesAll = grants.Any(row => row.Values is [{ } grant, ..] && GlobalProcess().IsMatch(grant));
                return new MySqlSessions(name, target, session, seesAll);
            }
            catch (OpsException error)
            {
                await session.DisposeAsync();
                if (error.Id != "Db.TooManyConnections" || attempt == FullRetries)
                {
                    throw;
                }

                // The connection that read the greeting still counts for a moment, and of a full server only one slot is left.
                await Task.Delay(FullPause, cancellationToken);
            }
            catch
            {
                await session.DisposeAsync();
                throw;
            }
        }
    }

    // KILL takes no condition. It is therefore made by a query that looks at the session, and run right after it. A number is never
    // used twice by a running server, and the connection over which it was looked up is still the same.
    private async Task<bool> KillAsync(string kill, DbSession session, bool sameWork, CancellationToken cancellationToken)
    {
        var condition = $"p.ID = {Number(session.Id)} AND p.ID <> CONNECTION_ID() AND p.COMMAND <> 'Killed'";
        if (sameWork)
        {
            condition += session.State == DbSessionState.Active ? " AND p.COMMAND <> 'Sleep'" : " AND p.COMMAND = 'Sleep'";
            condition += $" AND {Age} >= TIMESTAMPDIFF(MICROSECOND, '{session.StateSince:yyyy-MM-dd HH:mm:ss.ffffff}', UTC_TIMESTAMP(6)) / 1000000 - {Number((long)Tolerance.TotalSeconds)}";
        }

        try
        {
            return await _target.WithinAsync(
                async token =>
                {
                    await _session.QueryAsync($"SET @opsrunbook_kill = (SELECT '{kill} {Number(session.Id)}' FROM {ProcessList} p WHERE {condition})", token);
                    var found = (await _session.RowAsync("SELECT @opsrunbook_kill IS NOT NULL AS found", token)).Number("found") == 1;
                    if (found)
                    {
                        await _session.QueryAsync("PREPARE opsrunbook_kill FROM @opsrunbook_kill", token);
                        await _session.QueryAsync("EXECUTE opsrunbook_kill", token);
                    }

                    return found;
                },
                cancellationToken);
        }
        catch (OpsException error) when (error.Message.Contains("(1094)", StringComparison.Ordinal))
        {
            // Unknown thread id: it has just left.
            return false;
        }
    }

    private async Task<IReadOnlyList<DbSession>> ReadAsync(string condition, CancellationToken cancellationToken)
    {
        var server = await _target.WithinAsync(
            token => _session.RowAsync("SHOW GLOBAL STATUS LIKE 'Uptime'", token), cancellationToken);
        var uptime = TimeSpan.FromSeconds(server.Number("Value") ?? 0);
        var rows = await AskAsync(
            $"""
            SELECT p.ID, p.USER, p.HOST, p.DB, p.COMMAND, {Age} AS AGE, p.STATE, p.INFO, UTC_TIMESTAMP(6) AS CHECKED,
                   {TransactionOf("TIMESTAMPDIFF(SECOND, t.trx_started, NOW())")} AS TRX, {TransactionOf("t.trx_state")} AS TRX_STATE,
                   {(_session.IsMariaDb ? "NULL" : "(SELECT c.ATTR_VALUE FROM performance_schema.session_connect_attrs c WHERE c.PROCESSLIST_ID = p.ID AND c.ATTR_NAME = 'program_name' LIMIT 1)")} AS APPLICATION
              FROM {ProcessList} p
             WHERE {condition}
             ORDER BY p.ID
            """,
            cancellationToken);
        var waits = rows.Any(row => row["TRX_STATE"] == "LOCK WAIT") ? await LockWaitsAsync(cancellationToken) : [];
        return rows.Select(row => Map(row, uptime, waits)).ToList();
    }

    private async Task<IReadOnlyList<(long? Waits, long? Holds)>> LockWaitsAsync(CancellationToken cancellationToken)
    {
        var (table, requesting, blocking) = _session.IsMariaDb
            ? ("information_schema.INNODB_LOCK_WAITS", "requesting_trx_id", "blocking_trx_id")
            : ("performance_schema.data_lock_waits", "requesting_engine_transaction_id", "blocking_engine_transaction_id");
        var rows = await AskAsync(
            $"""
            SELECT DISTINCT r.trx_mysql_thread_id AS WAITS, b.trx_mysql_thread_id AS HOLDS
              FROM {table} w
              JOIN information_schema.INNODB_TRX r ON r.trx_id = w.{requesting}
              JOIN information_schema.INNODB_TRX b ON b.trx_id = w.{blocking}
            """,
            cancellationToken);
        return rows.Select(row => (row.Number("WAITS"), row.Number("HOLDS"))).ToList();
    }

    private DbSession Map(MySqlRow row, TimeSpan uptime, IReadOnlyList<(long? Waits, long? Holds)> waits)
    {
        var now = DateTime.Parse(row["CHECKED"]!, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal);
        var age = TimeSpan.FromSeconds(Math.Max(0, double.TryParse(row["AGE"], CultureInfo.InvariantCulture, out var seconds) ? seconds : 0));
        var (command, query) = (row["COMMAND"] ?? string.Empty, row["INFO"]);
        TimeSpan? transaction = row.Number("TRX") is { } open ? TimeSpan.FromSeconds(Math.Max(0, open)) : null;
        var state = command switch
        {
            "Sleep" => transaction is null ? DbSessionState.Idle : DbSessionState.IdleInTransaction,
            "Killed" => DbSessionState.Ending,
            _ => DbSessionState.Active,
        };
        var isIdle = state is DbSessionState.Idle or DbSessionState.IdleInTransaction;
        return new DbSession
        {
            State = state,
            Kind = KindOf(row["USER"], command, query),
            Id = row.Number("ID") ?? 0,
            Database = _name,
            Engine = _session.IsMariaDb ? DatabaseEngine.MariaDb : DatabaseEngine.MySql,
            ServerStartedAt = now - uptime,
            StateSince = now - age,
            User = row["USER"],
            Application = row["APPLICATION"],
            Address = row["HOST"] is "localhost" ? "socket" : row["HOST"],
            Catalog = row["DB"],
            Running = state == DbSessionState.Active ? age : null,
            Idle = isIdle ? age : null,
            Transaction = transaction,
            Wait = row["TRX_STATE"] == "LOCK WAIT" ? "InnoDB lock" : !isIdle && row["STATE"]?.Contains("lock", StringComparison.OrdinalIgnoreCase) == true ? row["STATE"] : null,
            BlockedBy = waits.Where(wait => wait.Waits == row.Number("ID")).Select(wait => wait.Holds).OfType<long>().ToList(),
            Query = query is { Length: > 0 } ? SqlText.Redact(query, DatabaseEngine.MySql) : null,
            ServerState = row["STATE"] is { Length: > 0 } detail ? $"{command}: {detail}" : command,
            CheckedAt = now,
        };
    }

    private static DbSessionKind KindOf(string? user, string command, string? query) => command switch
    {
        "Daemon" => DbSessionKind.System,
        _ when user is "event_scheduler" => DbSessionKind.System,
        _ when user is "system user" || command.StartsWith("Binlog Dump", StringComparison.Ordinal) || command.StartsWith("Slave_", StringComparison.Ordinal) || command is "Replica" =>
            DbSessionKind.Replication,
        _ when query is not null && DumpStatement().IsMatch(query) => DbSessionKind.Backup,
        _ when query is not null && MaintenanceStatement().IsMatch(query) => DbSessionKind.Maintenance,
        _ => DbSessionKind.Client,
    };

    private static string Number(long id) => id.ToString(CultureInfo.InvariantCulture);

    private Task<IReadOnlyList<MySqlRow>> AskAsync(string sql, CancellationToken cancellationToken) =>
        _target.WithinAsync(token => _session.QueryAsync(sql, token), cancellationToken);

    [GeneratedRegex(@"^GRANT\s+(ALL PRIVILEGES|.*\bPROCESS\b).*\sON \*\.\*", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex GlobalProcess();

    // What mysqldump and mariadb-dump read tables with, and what mariadb-backup holds the server with.
    [GeneratedRegex(@"SQL_NO_CACHE \*/ |^\s*(BACKUP\s+(STAGE|LOCK)|FLUSH TABLES WITH READ LOCK)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex DumpStatement();

    [GeneratedRegex(@"^\s*(OPTIMIZE|REPAIR|ANALYZE|CHECK)\s+(NO_WRITE_TO_BINLOG\s+|LOCAL\s+)?TABLE", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex MaintenanceStatement();
}
