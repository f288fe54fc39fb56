using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace OpsRunbook.Engine.Databases;

/// <summary>
/// Maintenance of MySQL and MariaDB. One session holds the lock of the whole run and watches; each statement has one of its own, because a
/// session ends with the first statement that fails.
/// </summary>
internal sealed class MySqlMaintenance : IDatabaseMaintenance
{
    private static readonly TimeSpan BetweenAttempts = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestQueue = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan WatchInterval = TimeSpan.FromMilliseconds(250);
    private static readonly string[] Repairable = ["Aria", "MyISAM", "ARCHIVE", "CSV"];

    private readonly DatabaseMember _member;
    private readonly DatabaseTarget _target;
    private readonly MySqlSession _control;
    private readonly string _dataDirectory;

    private MySqlMaintenance(DatabaseMember member, DatabaseTarget target, MySqlSession control, string dataDirectory)
    {
        _member = member;
        _target = target;
        _control = control;
        _dataDirectory = dataDirectory;
    }

    /// <inheritdoc/>
    public IReadOnlyList<DbMaintenanceOperation> Operations { get; } =
        [DbMaintenanceOperation.Analyze, DbMaintenanceOperation.Optimize, DbMaintenanceOperation.Check, DbMaintenanceOperation.Repair];

    /// <summary>Opens the session that controls the others.</summary>
    /// <param name="member">The database.</param>
    /// <param name="target">Where it is.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The maintenance.</returns>
    public static async Task<MySqlMaintenance> OpenAsync(DatabaseMember member, DatabaseTarget target, CancellationToken cancellationToken)
    {
        var control = await MySqlSession.OpenAsync(target, cancellationToken);
        try
        {
            return new MySqlMaintenance(member, target, control, (await control.RowAsync("SELECT @@datadir AS folder", cancellationToken))["folder"] ?? string.Empty);
        }
        catch
        {
            await control.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<DbTable>> ReadTablesAsync(CancellationToken cancellationToken) => new MySqlTables(_member, _target).ReadTablesAsync(_control, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<string>> FindLeftoversAsync(IReadOnlyList<DbTable> tables, CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<string>>([]);

    /// <inheritdoc/>
    public OpsException? Refusal(DbMaintenanceOperation operation, DbTable table) => operation == DbMaintenanceOperation.Repair && !Repairable.Contains(table.Engine, StringComparer.OrdinalIgnoreCase)
        ? new OpsException(
            "Db.OperationNotSupported",
            OpsErrorKind.Refused,
            $"REPAIR does nothing for {table.Schema}.{table.Table}, a table of {table.Engine}: that engine recovers by itself when the server starts.",
            "Look at it with -Operation Check. When it is damaged all the same, restore it from a backup, or read innodb_force_recovery in the manual.",
            table.Table)
        : null;

    /// <inheritdoc/>
    public string Statement(DbMaintenanceOperation operation, DbTable table) => operation switch
    {
        // Only here: a replica is looked after by itself, at its own time.
        DbMaintenanceOperation.Analyze => $"ANALYZE NO_WRITE_TO_BINLOG TABLE {table.Id}",
        DbMaintenanceOperation.Optimize => $"OPTIMIZE NO_WRITE_TO_BINLOG TABLE {table.Id}",
        DbMaintenanceOperation.Check => $"CHECK TABLE {table.Id}",
        _ => $"REPAIR NO_WRITE_TO_BINLOG TABLE {table.Id}",
    };

    /// <inheritdoc/>
    public async Task<SpaceNeed?> ReadSpaceAsync(DbMaintenanceOperation operation, DbTable table, CancellationToken cancellationToken) =>
        operation is DbMaintenanceOperation.Optimize or DbMaintenanceOperation.Repair
            ? await DataFolder.ReadAsync(_target, _dataDirectory.TrimEnd('/'), table.TableBytes + table.IndexBytes, cancellationToken)
            : null;

    /// <inheritdoc/>
    public async Task LockAsync(CancellationToken cancellationToken)
    {
        // Names of locks are short, and the same for the whole server.
        var name = MySqlSession.Literal("opsrunbook." + Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(_target.Database.Database ?? string.Empty)))[..32]);
        if ((await _control.RowAsync($"SELECT GET_LOCK({name}, 0) AS won", cancellationToken)).Number("won") == 1)
        {
            return;
        }

        var holder = await _control.QueryAsync(
            $"SELECT ID AS id, USER AS user, HOST AS host, TIME AS seconds FROM information_schema.PROCESSLIST WHERE ID = IS_USED_LOCK({name})", cancellationToken);
        throw MaintenanceErrors.Running(_member.Name, holder is [var row, ..] ? $"by connection {row["id"]} (user {row["user"]} from {row["host"]})" : "by a session that cannot be seen");
    }

    /// <inheritdoc/>
    public async Task<string> RunAsync(
        DbMaintenanceOperation operation, DbTable table, TimeSpan lockTimeout, Action<string, int?> progress, CancellationToken cancellationToken)
    {
        var wait = lockTimeout;
        if (operation is DbMaintenanceOperation.Optimize or DbMaintenanceOperation.Repair)
        {
            // Both need the table for themselves at their beginning or end, and whoever waits for that makes others wait.
            await WaitUntilFreeAsync(table, lockTimeout, progress, cancellationToken);
            wait = lockTimeout < LongestQueue ? lockTimeout : LongestQueue;
        }

        await using var worker = await MySqlSession.OpenAsync(_target, cancellationToken);
        var own = await MySqlConnectionId.ReadAsync(worker, cancellationToken);
        await worker.QueryAsync($"SET SESSION lock_wait_timeout = {Seconds(wait)}", cancellationToken);
        using var stop = new CancellationTokenSource();
        var watching = WatchAsync(own, progress, stop.Token);
        IReadOnlyList<MySqlRow> answer;
        try
        {
            answer = await worker.QueryAsync(Statement(operation, table), cancellationToken);
        }
        catch (OperationCanceledException)
        {
            await own.KillAsync(_target);
            throw;
        }
        finally
        {
            await stop.CancelAsync();
            await watching;
        }

        return await ReadAnswerAsync(answer, operation, table, wait, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<long?> ReadSizeAsync(DbTable table, CancellationToken cancellationToken) => (await _control.QueryAsync(
        $"SELECT DATA_LENGTH + INDEX_LENGTH + DATA_FREE AS n FROM information_schema.TABLES WHERE TABLE_SCHEMA = {MySqlSession.Literal(table.Schema)} AND TABLE_NAME = {MySqlSession.Literal(table.Table)}",
        cancellationToken)) is [var row, ..] ? row.Number("n") : null;

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _control.DisposeAsync();

    private static string Seconds(TimeSpan time) => Math.Max(1, (long)Math.Ceiling(time.TotalSeconds)).ToString(CultureInfo.InvariantCulture);

    private static bool IsLockWait(string message) => message.Contains("(1205)", StringComparison.Ordinal) || message.Contains("Lock wait timeout", StringComparison.OrdinalIgnoreCase);

    private async Task WaitUntilFreeAsync(DbTable table, TimeSpan lockTimeout, Action<string, int?> progress, CancellationToken cancellationToken)
    {
        var started = DateTime.UtcNow;
        while (true)
        {
            await using var probe = await MySqlSession.OpenAsync(_target, cancellationToken);
            try
            {
                // MariaDB can ask without waiting; MySQL waits for a second at least.
                await probe.QueryAsync("SET SESSION lock_wait_timeout = 1", cancellationToken);
                await probe.QueryAsync($"LOCK TABLES {table.Id} WRITE{(probe.IsMariaDb ? " NOWAIT" : string.Empty)}", cancellationToken);
                await probe.QueryAsync("UNLOCK TABLES", cancellationToken);
                return;
            }
            catch (OpsException error) when (IsLockWait(error.Message))
            {
                var holders = await HoldersAsync(cancellationToken);
                if (DateTime.UtcNow - started >= lockTimeout - BetweenAttempts)
                {
                    throw MaintenanceErrors.Locked($"{table.Schema}.{table.Table}", DateTime.UtcNow - started, holders);
                }

                progress(holders.Count > 0 ? $"waiting for {holders[0]}" : "waiting for others", null);
            }

            await Task.Delay(BetweenAttempts, cancellationToken);
        }
    }

    private async Task<string> ReadAnswerAsync(IReadOnlyList<MySqlRow> answer, DbMaintenanceOperation operation, DbTable table, TimeSpan waited, CancellationToken cancellationToken)
    {
        var failed = answer.Where(row => string.Equals(row["Msg_type"], "error", StringComparison.OrdinalIgnoreCase)).Select(row => row["Msg_text"] ?? string.Empty).ToList();
        if (failed.Exists(IsLockWait))
        {
            throw MaintenanceErrors.Locked($"{table.Schema}.{table.Table}", waited, await HoldersAsync(cancellationToken));
        }

        var status = answer.LastOrDefault(row => row["Msg_type"] == "status")?["Msg_text"];
        if (failed.Count > 0 || (status is not null and not "OK" && !status.Contains("already up to date", StringComparison.OrdinalIgnoreCase)))
        {
            throw new OpsException(
                "Db.MaintenanceFailed",
                OpsErrorKind.OperationFailed,
                $"the server says: {string.Join(" ", failed.DefaultIfEmpty(status ?? string.Empty))}",
                operation == DbMaintenanceOperation.Check ? "The table is damaged: look at the server's log, and at your backups before anything else." : null,
                table.Table);
        }

        return string.Join(" ", answer.Where(row => row["Msg_type"] is "note" or "warning" or "info").Select(row => row["Msg_text"]));
    }

    // Which of them holds the table, the server tells only with an extra plugin; transactions that are open are the usual cause.
    private async Task<IReadOnlyList<string>> HoldersAsync(CancellationToken cancellationToken)
    {
        await using var session = await MySqlSession.OpenAsync(_target, cancellationToken);
        try
        {
            return (await session.QueryAsync(
                """
                SELECT p.ID AS id, p.USER AS user, p.HOST AS host, p.COMMAND AS command, TIMESTAMPDIFF(SECOND, t.trx_started, NOW()) AS seconds
                  FROM information_schema.INNODB_TRX t JOIN information_schema.PROCESSLIST p ON p.ID = t.trx_mysql_thread_id
                 WHERE p.ID <> CONNECTION_ID() ORDER BY t.trx_started LIMIT 5
                """,
                cancellationToken))
                .Select(row => $"perhaps connection {row["id"]} (user {row["user"]} from {row["host"]}, {row["command"]}, transaction open for {Duration.Format(TimeSpan.FromSeconds(row.Number("seconds") ?? 0))})")
                .ToList();
        }
        catch (OpsException error) when (error.Kind is OpsErrorKind.PermissionDenied or OpsErrorKind.OperationFailed)
        {
            return [];
        }
    }

    private async Task WatchAsync(MySqlConnectionId worker, Action<string, int?> progress, CancellationToken stop)
    {
        var columns = _control.IsMariaDb ? "STATE AS state, PROGRESS AS done, STAGE AS stage, MAX_STAGE AS stages" : "STATE AS state";
        try
        {
            while (true)
            {
                await Task.Delay(WatchInterval, stop);

                // Not with that token: it would end the session that holds the lock.
                foreach (var row in await _control.QueryAsync(
                    $"SELECT {columns} FROM information_schema.PROCESSLIST WHERE ID = {worker.Number.ToString(CultureInfo.InvariantCulture)}", CancellationToken.None))
                {
                    var percent = double.TryParse(row["done"], CultureInfo.InvariantCulture, out var done) && done > 0 ? (int?)Math.Min(100, done) : null;
                    progress(row.Number("stages") > 1 ? $"{row["state"]} (stage {row["stage"]} of {row["stages"]})" : row["state"] ?? string.Empty, percent);
                }
            }
        }
        catch (Exception error) when (error is OperationCanceledException or OpsException)
        {
            // Told to end; or the server is gone, which the work sees for itself.
        }
    }
}
