using System.Diagnostics;
using Npgsql;
using OpsRunbook.Engine.Databases;
using OpsRunbook.Engine.Tests.Endpoints;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Databases;

public sealed class MaintenanceTests
{
    private const DbMaintenanceOperation Full = DbMaintenanceOperation.VacuumFull;

    [SkippableFact]
    public async Task Space_is_given_back_smallest_table_first_and_every_table_is_recorded()
    {
        var (server, name) = await PrepareAsync();
        await server.ExecuteAsync("CREATE TABLE large (a int, b text); INSERT INTO large SELECT i, 'filler' FROM generate_series(1, 40000) i; DELETE FROM large WHERE a % 2 = 0", name);
        await server.ExecuteAsync("CREATE TABLE small (a int); INSERT INTO small SELECT generate_series(1, 10)", name);
        await using var database = new TestDatabase(server, name);
        var results = await database.MaintainAsync(TestDatabase.Request(Full));

        Assert.Empty(database.Output.Errors);
        Assert.Equal(["small", "large"], results.Select(result => result.Table));
        Assert.All(results, result => Assert.Equal(DbMaintenanceOutcome.Succeeded, result.Outcome));
        Assert.True(results[1].Freed > results[1].SizeBefore / 3, $"{results[1].SizeBefore} → {results[1].SizeAfter}");
        Assert.Equal(("db", "VacuumFull of 2 tables"), (Assert.Single(database.Output.Questions).Target.Split(' ')[0], database.Output.Questions[0].Action.Split(" (")[0]));
        Assert.Equal(4, database.Journal.Records.Count);
        Assert.Equal(("public.large of db", JournalOutcome.Succeeded), (database.Journal.Records[^1].Target, database.Journal.Records[^1].Outcome));
        Assert.NotEqual(database.Journal.Records[^1].Before["bytes"], database.Journal.Records[^1].After["bytes"]);

        results = await database.MaintainAsync(TestDatabase.Request(DbMaintenanceOperation.Analyze) with { Order = DbMaintenanceOrder.Size });
        Assert.Equal(["large", "small"], results.Select(result => result.Table));
    }

    [SkippableFact]
    public async Task Nothing_is_done_under_what_if_or_without_consent()
    {
        var (server, name) = await PrepareAsync();
        await server.ExecuteAsync("CREATE TABLE t (a int)", name);
        await using var database = new TestDatabase(server, name) { Output = new RecordedOutput { IsWhatIf = true } };
        await database.MaintainAsync(new MaintenanceRequest([DbMaintenanceOperation.Vacuum, Full], new TableFilter([], [])));
        Assert.Equal(["VACUUM \"public\".\"t\"; 0 B", "VACUUM (FULL) \"public\".\"t\"; 0 B"], database.Output.Items.OfType<OpsPlanStep>().Select(step => step.Detail));
        database.Output = new RecordedOutput { Answer = _ => false };
        Assert.Empty(await database.MaintainAsync(TestDatabase.Request(DbMaintenanceOperation.Vacuum)));
        Assert.Empty(database.Journal.Records);
        Assert.Null((await database.TableAsync("t")).Vacuumed);
    }

    [SkippableFact]
    public async Task A_table_that_a_long_transaction_holds_is_left_alone_and_readers_go_on()
    {
        var (server, name) = await PrepareAsync();
        await server.ExecuteAsync("CREATE TABLE held (a int PRIMARY KEY); INSERT INTO held SELECT generate_series(1, 100); CREATE TABLE zfree (a int); INSERT INTO zfree SELECT generate_series(1, 20000)", name);
        await using var holder = new NpgsqlConnection(server.ConnectionStringOf(name) + ";Application Name=monthly report");
        await holder.OpenAsync();
        await using var transaction = await holder.BeginTransactionAsync();
        await RunAsync(holder, "SELECT * FROM held");
        await using var database = new TestDatabase(server, name);
        using var stop = new CancellationTokenSource();

        // A reader that had to wait behind a queued lock for half a second would fail.
        var reading = Task.Run(async () =>
        {
            await using var reader = new NpgsqlConnection(server.ConnectionStringOf(name));
            await reader.OpenAsync();
            await RunAsync(reader, "SET lock_timeout = '500ms'");
            var reads = 0;
            for (; !stop.IsCancellationRequested; reads++)
            {
                await RunAsync(reader, "SELECT count(*) FROM held");
            }

            return reads;
        });
        var results = await database.MaintainAsync(TestDatabase.Request(Full) with { LockTimeout = TimeSpan.FromSeconds(2) });
        await stop.CancelAsync();
        Assert.True(await reading > 10, "Readers were kept waiting.");

        Assert.Equal([("held", DbMaintenanceOutcome.Skipped), ("zfree", DbMaintenanceOutcome.Succeeded)], results.Select(result => (result.Table, result.Outcome)));
        var error = Assert.Single(database.Output.Errors);
        Assert.Equal("Db.TableLocked", error.Id);
        Assert.Contains($"pid {holder.ProcessID} ('monthly report', user postgres from 127.0.0.1, idle in transaction", error.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_second_operator_is_refused_with_the_name_of_the_first()
    {
        var (server, name) = await PrepareAsync();
        await SlowAsync(server, name);
        await using var first = new TestDatabase(server, name);
        await using var second = new TestDatabase(server, name);
        using var stop = new CancellationTokenSource();
        var running = first.MaintainAsync(TestDatabase.Request(Full), stop: stop.Token);
        await RunningAsync(server, "VACUUM (FULL)%");
        var error = await Assert.ThrowsAsync<OpsException>(() => second.MaintainAsync(TestDatabase.Request(DbMaintenanceOperation.Analyze)));
        Assert.Equal("Db.MaintenanceRunning", error.Id);
        Assert.Contains($"OpsRunbook {Environment.UserName}@{Environment.MachineName} pid {Environment.ProcessId}", error.Message, StringComparison.Ordinal);
        Assert.Contains("user postgres from 127.0.0.1", error.Message, StringComparison.Ordinal);

        // Whoever gives up leaves nothing running on the server, neither the work nor the lock.
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.Equal(0L, await server.ExecuteAsync($"SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}' AND state = 'active' AND query LIKE 'VACUUM%'"));
        Assert.Contains(first.Journal.Records, record => record is { Outcome: JournalOutcome.Unknown, Message: "interrupted" });
        await FastAsync(server, name);
        Assert.Equal(DbMaintenanceOutcome.Succeeded, Assert.Single(await second.MaintainAsync(TestDatabase.Request(Full))).Outcome);
    }

    [SkippableTheory]
    [InlineData(Full, "VACUUM (FULL)%")]
    [InlineData(DbMaintenanceOperation.Reindex, "REINDEX%")]
    public async Task A_server_that_restarts_in_the_middle_is_told_with_the_table_and_a_second_run_is_clean(DbMaintenanceOperation operation, string running)
    {
        await using var server = await Servers.NewPostgreSqlAsync();
        var name = await server.CreateDatabaseAsync();
        await SlowAsync(server, name);
        await server.ExecuteAsync("CREATE TABLE \"Later\" (a int); INSERT INTO \"Later\" SELECT generate_series(1, 50000)", name);
        await using var database = new TestDatabase(server, name);
        var work = database.MaintainAsync(TestDatabase.Request(operation));
        await RunningAsync(server, running);
        if (operation == DbMaintenanceOperation.Reindex)
        {
            await HttpProbeTests.EventuallyAsync(() => (long)server.ExecuteAsync("SELECT count(*) FROM pg_index WHERE NOT indisvalid", name).GetAwaiter().GetResult()! > 0);
        }

        await server.StopAsync();
        var results = await work;
        Assert.Equal([("slow", DbMaintenanceOutcome.Failed), ("Later", DbMaintenanceOutcome.NotReached)], results.Select(result => (result.Table, result.Outcome)));
        var error = Assert.Single(database.Output.Errors);
        Assert.Equal("Db.ConnectionLost", error.Id);
        Assert.Contains($"{operation} of public.slow in 'db' was broken off", error.Message, StringComparison.Ordinal);
        Assert.Equal(JournalOutcome.Unknown, database.Journal.Records[^1].Outcome);

        await server.StartAsync();
        await FastAsync(server, name);
        results = await database.MaintainAsync(TestDatabase.Request(operation));
        Assert.Empty(database.Output.Errors);
        Assert.All(results, result => Assert.Equal(DbMaintenanceOutcome.Succeeded, result.Outcome));
        if (operation != DbMaintenanceOperation.Reindex)
        {
            return;
        }

        Assert.Contains("_ccnew", Assert.Single(database.Output.Warnings), StringComparison.Ordinal);
        var leftover = Assert.Single(await database.IndexesAsync(), index => index.IsLeftover);
        Assert.Equal(DbIndexAdvice.Drop, leftover.Recommendation);
        results = await database.MaintainAsync(TestDatabase.Request(DbMaintenanceOperation.RemoveInvalidIndex, "slow"));
        Assert.Contains(leftover.Index, Assert.Single(results).Message, StringComparison.Ordinal);
        Assert.DoesNotContain(await database.IndexesAsync(), index => !index.IsValid);
        await database.MaintainAsync(TestDatabase.Request(operation));
        Assert.Empty(database.Output.Warnings);
    }

    [SkippableFact]
    public async Task Progress_is_that_of_the_server()
    {
        var (server, name) = await PrepareAsync();
        await SlowAsync(server, name);
        await using var database = new TestDatabase(server, name);
        using var stop = new CancellationTokenSource();
        var running = database.MaintainAsync(TestDatabase.Request(Full), stop: stop.Token);
        await HttpProbeTests.EventuallyAsync(() => database.Output.ProgressLines.Any(line => line.EndsWith("rebuilding index", StringComparison.Ordinal)));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.Contains(database.Output.ProgressLines, line => line.StartsWith("VacuumFull of public.slow in db (1 of 1): ", StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task A_copy_that_would_not_fit_is_refused()
    {
        var (server, name) = await PrepareAsync();
        await using var disk = await Servers.NewSmallDiskAsync(24 * 1024 * 1024);
        await Tool.RunAsync("chown", ["postgres", disk.Folder]);
        await server.ExecuteAsync($"CREATE TABLESPACE {name} LOCATION '{disk.Folder}'");
        try
        {
            await server.ExecuteAsync($"CREATE TABLE fits (a int) TABLESPACE {name}; INSERT INTO fits SELECT generate_series(1, 10); CREATE TABLE big (a int, b text) TABLESPACE {name}; INSERT INTO big SELECT i, repeat('x', 100) FROM generate_series(1, 100000) i", name);
            await using var database = new TestDatabase(server, name);
            var results = await database.MaintainAsync(TestDatabase.Request(Full));
            Assert.Equal([("big", DbMaintenanceOutcome.Skipped), ("fits", DbMaintenanceOutcome.Succeeded)], results.OrderBy(result => result.Table).Select(result => (result.Table, result.Outcome)));
            var error = Assert.Single(database.Output.Errors);
            Assert.Equal("Guard.FreeSpace", error.Id);
            Assert.Contains(disk.Folder, error.Message, StringComparison.Ordinal);
        }
        finally
        {
            await server.ExecuteAsync($"DROP DATABASE {name} WITH (FORCE)");
            await server.ExecuteAsync($"DROP TABLESPACE {name}");
        }
    }

    [SkippableFact]
    public async Task Unknown_space_needs_force_with_a_reason_for_a_full_vacuum_and_is_said_for_an_index()
    {
        var (server, name) = await PrepareAsync();
        await server.ExecuteAsync("CREATE TABLE t (a int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 10)", name);
        await using var database = new TestDatabase(server, name);
        database.Definition.Manager = ServiceManagerKind.Docker;
        Assert.Equal(DbMaintenanceOutcome.Skipped, Assert.Single(await database.MaintainAsync(TestDatabase.Request(Full))).Outcome);
        Assert.Contains("container", Assert.Single(database.Output.Errors).Message, StringComparison.Ordinal);
        Assert.Equal("Guard.FreeSpace", database.Output.Errors[0].Id);
        Assert.Equal(DbMaintenanceOutcome.Succeeded, Assert.Single(await database.MaintainAsync(TestDatabase.Request(Full), force: true)).Outcome);
        Assert.Contains("FreeSpace", database.Journal.Records[^1].Overridden);
        Assert.Equal(DbMaintenanceOutcome.Succeeded, Assert.Single(await database.MaintainAsync(TestDatabase.Request(DbMaintenanceOperation.Reindex))).Outcome);
        Assert.Contains("cannot be known", Assert.Single(database.Output.Warnings), StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task The_end_of_the_time_is_between_two_tables()
    {
        var (server, name) = await PrepareAsync();
        await server.ExecuteAsync("CREATE TABLE a1 (a int); CREATE TABLE a2 (a int); CREATE TABLE a3 (a int)", name);
        await using var database = new TestDatabase(server, name);
        var results = await database.MaintainAsync(TestDatabase.Request(DbMaintenanceOperation.Vacuum) with { MaxDuration = TimeSpan.FromTicks(1) });
        Assert.All(results, result => Assert.Equal(DbMaintenanceOutcome.NotReached, result.Outcome));
        Assert.Equal(3, results.Count);
        Assert.Contains("-MaxDuration", Assert.Single(database.Output.Warnings), StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Names_of_any_kind_are_maintained_and_what_the_server_does_not_know_is_refused()
    {
        var (server, name) = await PrepareAsync();
        foreach (var table in TableTests.HostileNames)
        {
            await server.ExecuteAsync($"CREATE TABLE \"{table.Replace("\"", "\"\"", StringComparison.Ordinal)}\" (a int PRIMARY KEY)", name);
        }

        await using var database = new TestDatabase(server, name);
        var results = await database.MaintainAsync(new MaintenanceRequest(
            [DbMaintenanceOperation.Vacuum, DbMaintenanceOperation.Analyze, DbMaintenanceOperation.Reindex, Full, DbMaintenanceOperation.RemoveInvalidIndex], new TableFilter([], [])));
        Assert.Empty(database.Output.Errors);
        Assert.Equal(5 * TableTests.HostileNames.Length, results.Count(result => result.Outcome == DbMaintenanceOutcome.Succeeded));
        Assert.All(await database.TablesAsync(), table => Assert.NotNull(table.LastVacuum));
        Assert.Equal("Db.OperationNotSupported", (await Assert.ThrowsAsync<OpsException>(() => database.MaintainAsync(TestDatabase.Request(DbMaintenanceOperation.Repair)))).Id);

        // By id, whatever the table is called meanwhile; one that is gone is said.
        var chosen = await database.TableAsync("MixedCase");
        await server.ExecuteAsync("ALTER TABLE \"MixedCase\" RENAME TO renamed", name);
        Assert.Equal("renamed", Assert.Single(await database.MaintainAsync(new MaintenanceRequest([DbMaintenanceOperation.Vacuum], new TableFilter([], []) { Ids = [chosen.Id] }))).Table);
        await server.ExecuteAsync("DROP TABLE renamed", name);
        Assert.Empty(await database.MaintainAsync(new MaintenanceRequest([DbMaintenanceOperation.Vacuum], new TableFilter([], []) { Ids = [chosen.Id] })));
        Assert.Equal("Db.TableNotFound", Assert.Single(database.Output.Errors).Id);
    }

    [SkippableFact]
    public async Task A_user_with_few_rights_is_told_what_is_missing()
    {
        var (server, name) = await PrepareAsync();
        await server.ExecuteAsync("CREATE TABLE t (a int, b text); INSERT INTO t SELECT i, 'x' FROM generate_series(1, 2000) i; ANALYZE t", name);
        await server.ExecuteAsync($"CREATE ROLE {name} LOGIN PASSWORD 'few rights'");
        await using var database = new TestDatabase(server, name, name, "few rights");
        var table = await database.TableAsync("t");
        Assert.Equal((null, DbEstimateTrust.None), (table.BloatPercent, table.BloatTrust));
        Assert.Contains("no right to read", table.BloatNote, StringComparison.Ordinal);
        Assert.True(table.SizeBytes > 0);
        Assert.Equal(DbMaintenanceOutcome.Failed, Assert.Single(await database.MaintainAsync(TestDatabase.Request(DbMaintenanceOperation.Vacuum))).Outcome);
        var error = Assert.Single(database.Output.Errors);
        Assert.Equal(("Db.Forbidden", OpsErrorKind.PermissionDenied), (error.Id, error.Kind));
        Assert.Contains("public.t", error.Message, StringComparison.Ordinal);
        await database.MaintainAsync(TestDatabase.Request(Full));
        Assert.Contains("may not read where the server keeps its data", Assert.Single(database.Output.Errors).Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Of_two_that_begin_at_once_one_wins()
    {
        var (server, name) = await PrepareAsync();
        await SlowAsync(server, name);
        await using var first = new TestDatabase(server, name);
        await using var second = new TestDatabase(server, name);
        using var stop = new CancellationTokenSource();
        Task[] both = [first.MaintainAsync(TestDatabase.Request(Full), stop: stop.Token), second.MaintainAsync(TestDatabase.Request(Full), stop: stop.Token)];
        var loser = await Task.WhenAny(both);
        Assert.Equal("Db.MaintenanceRunning", (await Assert.ThrowsAsync<OpsException>(() => loser)).Id);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.WhenAll(both.Where(task => task != loser)));
    }

    [SkippableFact]
    public async Task Load_goes_on_without_a_failed_transaction()
    {
        var (server, name) = await PrepareAsync();
        var pgbench = Path.Combine(server.ProgramFolder, "pgbench");
        Skip.IfNot(File.Exists(pgbench), "There is no pgbench.");
        var login = new Dictionary<string, string> { ["PGPASSWORD"] = server.Password };
        string[] to = ["-h", server.Host, "-p", server.Port.ToString(), "-U", server.User, name];
        await Tool.RunAsync(pgbench, ["-i", "-s", "2", "-q", .. to], string.Empty, login);
        await using var database = new TestDatabase(server, name);
        var load = Tool.RunAsync(pgbench, ["-n", "-c", "4", "-T", "6", .. to], string.Empty, login);
        await RunningAsync(server, "UPDATE pgbench%");
        var results = await database.MaintainAsync(
            new MaintenanceRequest([DbMaintenanceOperation.Vacuum, DbMaintenanceOperation.Analyze, DbMaintenanceOperation.Reindex, Full], new TableFilter(["pgbench_*"], [])) { LockTimeout = TimeSpan.FromSeconds(30) });
        Assert.Empty(database.Output.Errors);
        Assert.Equal(16, results.Count(result => result.Outcome == DbMaintenanceOutcome.Succeeded));
        var report = await load;
        Assert.Contains("number of failed transactions: 0 (0.000%)", report, StringComparison.Ordinal);
    }

    private static async Task<(PostgreSqlServer Server, string Name)> PrepareAsync()
    {
        var server = await Servers.PostgreSqlAsync();
        return (server, await server.CreateDatabaseAsync());
    }

    // An index whose building takes long once the database says so.
    // Without autovacuum, whose look at the slow index would hold the table for minutes.
    private static async Task SlowAsync(PostgreSqlServer server, string name)
    {
        await server.ExecuteAsync(
            """
            CREATE FUNCTION slow(a int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$
              BEGIN PERFORM pg_sleep(coalesce(nullif(current_setting('test.sleep', true), ''), '0')::float8); RETURN a; END $$;
            CREATE TABLE slow (a int) WITH (autovacuum_enabled = off); INSERT INTO slow SELECT generate_series(1, 3000); CREATE INDEX slow_index ON slow (public.slow(a));
            """,
            name);
        await server.ExecuteAsync($"ALTER DATABASE {name} SET test.sleep = '0.1'");
    }

    private static async Task FastAsync(PostgreSqlServer server, string name) => await server.ExecuteAsync($"ALTER DATABASE {name} RESET test.sleep");

    private static Task RunningAsync(PostgreSqlServer server, string query) => HttpProbeTests.EventuallyAsync(() =>
        (long)server.ExecuteAsync($"SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '{query}'").GetAwaiter().GetResult()! > 0);

    private static async Task RunAsync(NpgsqlConnection connection, string sql)
    {
#pragma warning disable CA2100 // The SQL is the test's own.
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
    }
}
