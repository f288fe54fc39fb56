using System.Globalization;

namespace OpsRunbook.Engine.Databases;

/// <summary>State of a MySQL or MariaDB server.</summary>
/// <param name="target">Where it is.</param>
internal sealed class MySqlStatus(DatabaseTarget target) : IDatabaseStatus
{
    /// <inheritdoc/>
    public async Task<StatusReading> ReadAsync(CancellationToken cancellationToken)
    {
        await using var session = await MySqlSession.OpenAsync(target, cancellationToken);
        var settings = await session.RowAsync("SELECT VERSION() AS version, DATABASE() AS name, @@max_connections AS maximum, @@read_only AS readonly", cancellationToken);
        var status = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        foreach (var row in await session.QueryAsync(
            "SHOW GLOBAL STATUS WHERE Variable_name IN ('Threads_connected', 'Threads_running', 'Uptime', 'Innodb_buffer_pool_read_requests', 'Innodb_buffer_pool_reads', 'Innodb_deadlocks', 'Slaves_connected')",
            cancellationToken))
        {
            status[row["Variable_name"] ?? string.Empty] = row["Value"];
        }

        var size = settings["name"] is null ? null : (await session.RowAsync(
            "SELECT CAST(SUM(data_length + index_length) AS SIGNED) AS size FROM information_schema.tables WHERE table_schema = DATABASE()", cancellationToken)).Number("size");
        var (transactions, restriction) = await TransactionsAsync(session.IsMariaDb, cancellationToken);
        var replication = await ReplicationAsync(session.IsMariaDb, cancellationToken);
        var replicas = (int?)Number(status, "Slaves_connected");
        return new StatusReading
        {
            Version = (settings["version"] ?? string.Empty).Split('-')[0],
            Catalog = settings["name"],
            Size = size,
            Connections = (int?)Number(status, "Threads_connected"),
            MaximumConnections = (int?)settings.Number("maximum"),

            // Our own statement runs too.
            Active = (int?)Number(status, "Threads_running") is { } running ? Math.Max(0, running - 1) : null,
            IdleInTransaction = (int?)transactions?.Number("idle"),
            LongestIdleInTransaction = transactions?.Number("idle_age") is { } idle ? TimeSpan.FromSeconds(Math.Max(0, idle)) : null,
            OldestTransaction = transactions?.Number("oldest") is { } oldest ? TimeSpan.FromSeconds(Math.Max(0, oldest)) : null,
            CacheHits = (Number(status, "Innodb_buffer_pool_read_requests") ?? 0) - (Number(status, "Innodb_buffer_pool_reads") ?? 0),
            CacheMisses = Number(status, "Innodb_buffer_pool_reads") ?? 0,
            Deadlocks = (long?)Number(status, "Innodb_deadlocks"),
            Uptime = Number(status, "Uptime") is { } uptime ? TimeSpan.FromSeconds(uptime) : null,
            Role = replication is not null ? "replica" : replicas > 0 ? "primary" : "single",
            Lag = Behind(replication) is { } lag ? TimeSpan.FromSeconds(lag) : null,
            Replicas = replicas,
            ReplicationBroken = replication is null ? null : Broken(replication),
            Restriction = restriction,
        };
    }

    private static string? Broken(MySqlRow replication)
    {
        foreach (var (thread, error) in new[] { ("IO", "Last_IO_Error"), ("SQL", "Last_SQL_Error") })
        {
            var running = replication[$"Slave_{thread}_Running"] ?? replication[$"Replica_{thread}_Running"];
            if (running != "Yes")
            {
                return $"Its {thread} thread does not run: {(replication[error] is { Length: > 0 } says ? says : running)}";
            }
        }

        return null;
    }

    private static long? Behind(MySqlRow? replication) => replication?.Number("Seconds_Behind_Master") ?? replication?.Number("Seconds_Behind_Source");

    private static double? Number(Dictionary<string, string?> status, string name) =>
        double.TryParse(status.GetValueOrDefault(name), CultureInfo.InvariantCulture, out var value) ? value : null;

    // A user may be allowed to log in and no more. A statement that is refused ends its session, so each of these has one of its own.
    private async Task<(MySqlRow? Row, string? Restriction)> TransactionsAsync(bool isMariaDb, CancellationToken cancellationToken)
    {
        var list = isMariaDb ? "information_schema.PROCESSLIST" : "performance_schema.processlist";
        try
        {
            await using var session = await MySqlSession.OpenAsync(target, cancellationToken);
            return (await session.RowAsync(
                $"""
                SELECT SUM(p.COMMAND = 'Sleep') AS idle, MAX(IF(p.COMMAND = 'Sleep', p.TIME, NULL)) AS idle_age, MAX(TIMESTAMPDIFF(SECOND, t.trx_started, NOW())) AS oldest
                  FROM information_schema.INNODB_TRX t JOIN {list} p ON p.ID = t.trx_mysql_thread_id
                """,
                cancellationToken), null);
        }
        catch (OpsException error) when (error.Id == "Db.Forbidden")
        {
            return (null, $"'{target.User}' may not see transactions. Grant it PROCESS.");
        }
    }

    private async Task<MySqlRow?> ReplicationAsync(bool isMariaDb, CancellationToken cancellationToken)
    {
        try
        {
            await using var session = await MySqlSession.OpenAsync(target, cancellationToken);
            var rows = await session.QueryAsync(isMariaDb ? "SHOW ALL SLAVES STATUS" : "SHOW REPLICA STATUS", cancellationToken);
            return rows.MaxBy(row => Behind(row) ?? long.MaxValue);
        }
        catch (OpsException error) when (error.Id == "Db.Forbidden")
        {
            return null;
        }
    }
}
