using System.Globalization;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Logs;
using OpsRunbook.Engine.Logs.Files;
using OpsRunbook.Engine.Logs.Sources;

namespace OpsRunbook.Engine.Databases;

/// <summary>Slow queries of MySQL and MariaDB: the digests of <c>performance_schema</c> where it is on, else the slow query log.</summary>
/// <param name="name">Name of the database in the stack.</param>
/// <param name="target">Where it is.</param>
/// <param name="limit">What takes longer on average is slow.</param>
internal sealed class MySqlSlowQueries(string name, DatabaseTarget target, TimeSpan limit) : IDatabaseSlowQueries
{
    private const double PicosecondsPerTick = 100_000;

    private DatabaseEngine Engine => target.Database.Engine;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<DbSlowQuery>> ReadAsync(bool allDatabases, CancellationToken cancellationToken)
    {
        var catalog = allDatabases ? null : target.Database.Database;
        var (digests, settings) = await target.WithinAsync(token => AskAsync(catalog, token), cancellationToken);
        return digests ?? await LogAsync(settings, catalog, cancellationToken);
    }

    private async Task<(IReadOnlyList<DbSlowQuery>? Digests, MySqlRow Settings)> AskAsync(string? catalog, CancellationToken cancellationToken)
    {
        await using var session = await MySqlSession.OpenAsync(target, cancellationToken);
        var settings = await session.RowAsync(
            "SELECT @@performance_schema AS digests, @@slow_query_log AS logged, @@slow_query_log_file AS file, @@datadir AS folder, @@log_output AS output, @@long_query_time AS threshold",
            cancellationToken);
        if (settings.Number("digests") != 1)
        {
            return (null, settings);
        }

        var filter = catalog is null ? string.Empty : $"WHERE SCHEMA_NAME = {MySqlSession.Literal(catalog)}";
        var rows = await session.QueryAsync(
            $"""
            SELECT SCHEMA_NAME, DIGEST, DIGEST_TEXT, COUNT_STAR, SUM_TIMER_WAIT, AVG_TIMER_WAIT, MAX_TIMER_WAIT, SUM_ROWS_SENT + SUM_ROWS_AFFECTED AS N_ROWS,
                   SUM_ROWS_EXAMINED, TIMESTAMPADD(SECOND, TIMESTAMPDIFF(SECOND, NOW(), UTC_TIMESTAMP()), FIRST_SEEN) AS SINCE
              FROM performance_schema.events_statements_summary_by_digest {filter}
            """,
            cancellationToken);
        return (rows.Select(Map).ToList(), settings);
    }

    private DbSlowQuery Map(MySqlRow row) => new()
    {
        Status = Judge(Time(row["AVG_TIMER_WAIT"])),
        Database = name,
        Engine = Engine,
        Source = "performance_schema",
        Query = row["DIGEST_TEXT"] ?? "(more forms of statements than the server keeps)",
        QueryId = row["DIGEST"],
        Calls = row.Number("COUNT_STAR"),
        TotalTime = Time(row["SUM_TIMER_WAIT"]),
        MeanTime = Time(row["AVG_TIMER_WAIT"]),
        MaximumTime = Time(row["MAX_TIMER_WAIT"]),
        Rows = row.Number("N_ROWS"),
        RowsExamined = row.Number("SUM_ROWS_EXAMINED"),
        Catalog = row["SCHEMA_NAME"],
        Since = DateTime.TryParse(row["SINCE"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var since) ? since : null,
    };

    private HealthStatus Judge(TimeSpan? mean) => mean >= limit ? HealthStatus.Warning : HealthStatus.Healthy;

    private static TimeSpan? Time(string? picoseconds) =>
        double.TryParse(picoseconds, CultureInfo.InvariantCulture, out var value) ? TimeSpan.FromTicks((long)(value / PicosecondsPerTick)) : null;

    private async Task<IReadOnlyList<DbSlowQuery>> LogAsync(MySqlRow settings, string? catalog, CancellationToken cancellationToken)
    {
        var file = settings["file"] ?? string.Empty;
        var path = file.StartsWith('/') ? file : $"{settings["folder"]?.TrimEnd('/')}/{file}";
        if (settings.Number("logged") != 1)
        {
            return [Missing(
                "The server keeps no figures: performance_schema is off, and so is the slow query log.",
                $"Run Set-DbSlowQueryLog '{name}', or write performance_schema=ON under [mysqld] in the server's option file and restart it.")];
        }

        if (settings["output"]?.Contains("FILE", StringComparison.OrdinalIgnoreCase) != true)
        {
            return [Missing(
                "The slow query log goes to a table, which this command does not read.", $"Run Set-DbSetting '{name}' log_output FILE, or look into mysql.slow_log with Invoke-DbQuery.")];
        }

        var forms = new Dictionary<(string Query, string? Catalog), SlowQueryForm>();
        DateTime? since = null;
        try
        {
            ILogSource source = target.Host is LocalHost ? new LogFileSource(path) : new HostFileSource(target.Host, path, name);
            string? schema = null;
            await foreach (var record in source.ReadAsync(new LogQuery(), SilentOutput.Instance, cancellationToken))
            {
                since ??= record.Time;
                schema = record.Fields.GetValueOrDefault("Schema") as string is { Length: > 0 } named ? named : schema;
                if (record.Fields.GetValueOrDefault("Query_time") is { } time && (catalog is null || schema == catalog))
                {
                    var key = (SqlText.Fold(record.Message.TrimEnd().TrimEnd(';'), DatabaseEngine.MySql), schema);
                    var form = forms.TryGetValue(key, out var known) ? known : forms[key] = new SlowQueryForm(record.Fields.GetValueOrDefault("user") as string, limit);
                    form.Add(TimeSpan.FromSeconds(Convert.ToDouble(time, CultureInfo.InvariantCulture)), Count(record, "Rows_sent"), Count(record, "Rows_examined"));
                }
            }
        }
        catch (OpsException error)
        {
            return [Missing($"The slow query log {path} cannot be read on host '{target.Host.Name}': {error.Message}", "Give the stack's entry the host that the server runs on, and the right to read its log.")];
        }

        return forms.Select(pair => pair.Value.ToQuery(name, Engine, path, pair.Key.Query, pair.Key.Catalog, since)).ToList();
    }

    private static long Count(LogRecord record, string field) =>
        record.Fields.GetValueOrDefault(field) is { } value ? Convert.ToInt64(value, CultureInfo.InvariantCulture) : 0;

    private DbSlowQuery Missing(string message, string nextStep) => new()
    {
        Status = HealthStatus.Unknown,
        Database = name,
        Engine = Engine,
        Source = "slow query log",
        Query = message,
        NextStep = nextStep,
    };
}
