using Npgsql;
using OpsRunbook.Engine.Backups;
using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Engine.Tests.Databases;
using OpsRunbook.Engine.Tests.Safety;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Backups;

/// <summary>A restore never touches the database in use before the new one is whole, and what was there can be put back.</summary>
public sealed class DatabaseRestoreTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("restore ").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [SkippableTheory]
    [InlineData(BackupFormat.PostgreSqlCustom)]
    [InlineData(BackupFormat.PostgreSqlDirectory)]
    public async Task A_database_of_PostgreSql_is_replaced_kept_and_put_back(BackupFormat format)
    {
        var server = await Servers.PostgreSqlAsync();
        var database = await server.CreateDatabaseAsync();
        var role = "role_" + database;
        await server.ExecuteAsync(SampleDumps.PostgreSql, database);
        await server.ExecuteAsync(
            $"""
            CREATE ROLE {role}; GRANT CONNECT, TEMPORARY ON DATABASE {database} TO {role} WITH GRANT OPTION; REVOKE CONNECT ON DATABASE {database} FROM PUBLIC;
            ALTER DATABASE {database} SET search_path TO public, "Mixed Case"; ALTER ROLE {role} IN DATABASE {database} SET statement_timeout TO '33s'; ALTER DATABASE {database} CONNECTION LIMIT 17;
            COMMENT ON DATABASE {database} IS 'the shop''s'; ALTER TABLE tricky OWNER TO {role}
            """,
            database);
        var wanted = await SampleDumps.FingerprintAsync(server, database);
        var properties = await PropertiesAsync(server, database);
        await DumpAsync(server, database, format);
        await server.ExecuteAsync("DELETE FROM tricky; INSERT INTO tricky VALUES ('written after the backup')", database);
        var lost = await SampleDumps.FingerprintAsync(server, database);

        // An application that is connected, and connects again at once.
        using var stop = new CancellationTokenSource();
        var application = ApplicationAsync(server, database, stop.Token);

        var plan = await RestoreAsync(server, database, whatIf: true);
        Assert.Equal(["Create", "Restore", "Verify", "Rename", "Rename"], plan.Items.Cast<OpsPlanStep>().Select(step => step.Action));
        Assert.Equal(lost, await SampleDumps.FingerprintAsync(server, database));

        var output = await RestoreAsync(server, database);
        var result = Assert.Single(output.Items.OfType<DbRestoreResult>());
        Assert.Equal((DbRestoreOutcome.Replaced, HealthStatus.Healthy, database, 4, 7006L), (result.Outcome, result.Status, result.Database, result.Tables, result.Rows));
        Assert.Equal(wanted, await SampleDumps.FingerprintAsync(server, database));
        Assert.Equal(properties, await PropertiesAsync(server, database));
        Assert.Equal(role, await server.ExecuteAsync("SELECT tableowner FROM pg_tables WHERE tablename = 'tricky'", database));
        Assert.Equal($"Restore-Database -Name 'backup' -Kept '{result.KeptAs}'", result.Undo);
        await Assert.ThrowsAsync<PostgresException>(() => server.ExecuteAsync("SELECT 1", result.KeptAs));

        var undone = Assert.Single((await RestoreAsync(server, database, kept: result.KeptAs)).Items.OfType<DbRestoreResult>());
        Assert.Equal(lost, await SampleDumps.FingerprintAsync(server, database));
        Assert.Equal(properties, await PropertiesAsync(server, database));
        Assert.NotNull(undone.KeptAs);

        // However soon one follows the other, each has a name of its own.
        var again = Assert.Single((await RestoreAsync(server, database, kept: undone.KeptAs)).Items.OfType<DbRestoreResult>());
        Assert.Equal(3, new[] { result.KeptAs, undone.KeptAs, again.KeptAs }.Distinct().Count());
        await stop.CancelAsync();
        Assert.True(await application > 2);
    }

    [SkippableFact]
    public async Task A_damaged_set_and_one_that_does_not_load_leave_the_database_as_it_is()
    {
        await using var server = await Servers.NewPostgreSqlAsync();
        var database = await server.CreateDatabaseAsync();
        await server.ExecuteAsync(SampleDumps.PostgreSql, database);
        await DumpAsync(server, database, BackupFormat.PostgreSqlPlain);
        var before = await SampleDumps.FingerprintAsync(server, database);
        var names = await server.ExecuteAsync("SELECT string_agg(datname, ',' ORDER BY datname) FROM pg_database");
        var set = await SampleDumps.SetAsync(Sets, "backup");
        var file = set.PathOf(Assert.Single(set.Files));
        var whole = await File.ReadAllTextAsync(file);

        foreach (var (text, id) in new[]
        {
            (whole.Replace("tab", "tax", StringComparison.Ordinal), "Backup.Damaged"),
            (whole.Replace("CREATE TABLE public.tricky", "CREATE TABLX public.tricky", StringComparison.Ordinal), "Backup.Damaged"),
            (whole.Replace("SELECT pg_catalog.set_config", "\\! touch " + At("run") + "\nSELECT pg_catalog.set_config", StringComparison.Ordinal), "Backup.ForeignCommand"),
            (whole[..(whole.Length / 2)], "Backup.NoSet"),
        })
        {
            await File.WriteAllTextAsync(file, text);
            var error = await Assert.ThrowsAsync<OpsException>(() => RestoreAsync(server, database, foreign: id == "Backup.ForeignCommand"));
            Assert.Equal(id, error.Id);
            Assert.Equal(before, await SampleDumps.FingerprintAsync(server, database));
            Assert.Equal(names, await server.ExecuteAsync("SELECT string_agg(datname, ',' ORDER BY datname) FROM pg_database"));
        }

        Assert.False(File.Exists(At("run")));
    }

    [SkippableFact]
    public async Task Dependent_services_are_stopped_and_run_again()
    {
        var server = await Servers.PostgreSqlAsync();
        var pm2 = await Servers.Pm2Async();
        var database = await server.CreateDatabaseAsync();
        await server.ExecuteAsync("CREATE TABLE t (a int); INSERT INTO t VALUES (1)", database);
        await DumpAsync(server, database, BackupFormat.PostgreSqlCustom);
        var (name, port) = ("restore-" + database, TestRun.FreePort());
        await pm2.StartAppAsync(name, port);
        try
        {
            var stack = Stack(server, database);
            stack.Services["api"] = new StackService { Manager = ServiceManagerKind.Pm2, Unit = name, Ports = [port], DependsOn = ["db"] };
            stack.Services["other"] = new StackService { Manager = ServiceManagerKind.Pm2, Unit = name + "-none" };

            var output = await RestoreAsync(stack);

            Assert.Empty(output.Errors);
            var result = Assert.Single(output.Items.OfType<DbRestoreResult>());
            Assert.Equal(["api"], result.Services);
            Assert.True(result.Downtime < result.Duration);
            using var client = new HttpClient();
            Assert.NotEmpty(await client.GetStringAsync(new Uri($"http://127.0.0.1:{port}/metrics")));
            Assert.Equal(string.Empty, await server.ExecuteAsync($"SELECT coalesce(shobj_description(oid, 'pg_database'), '') FROM pg_database WHERE datname = '{database}'"));
        }
        finally
        {
            await pm2.ExecuteAsync("delete", name);
        }
    }

    [SkippableFact]
    public async Task Dependent_services_run_again_after_a_restore_that_failed()
    {
        await using var server = await Servers.NewPostgreSqlAsync("max_prepared_transactions=1");
        var pm2 = await Servers.Pm2Async();
        var database = await server.CreateDatabaseAsync();
        await server.ExecuteAsync("CREATE TABLE t (a int); INSERT INTO t VALUES (1)", database);
        await DumpAsync(server, database, BackupFormat.PostgreSqlCustom);
        await server.ExecuteAsync("INSERT INTO t VALUES (2)", database);
        var (name, port) = ("failed-" + database, TestRun.FreePort());
        await pm2.StartAppAsync(name, port);
        try
        {
            var stack = Stack(server, database);
            stack.Services["api"] = new StackService { Manager = ServiceManagerKind.Pm2, Unit = name, Ports = [port], DependsOn = ["db"] };
            var pid = await pm2.ExecuteAsync("pid", name);

            // A transaction that is prepared has no session that could be ended, and keeps a database its name.
            await server.ExecuteAsync("BEGIN; INSERT INTO t VALUES (3); PREPARE TRANSACTION 'held'", database);
            Assert.Equal("Backup.SwapFailed", (await Assert.ThrowsAsync<OpsException>(() => RestoreAsync(stack))).Id);
            await server.ExecuteAsync("ROLLBACK PREPARED 'held'", database);
            Assert.NotEqual(pid, pid = await pm2.ExecuteAsync("pid", name));
            await AssertUntouchedAsync();

            // What fails before that stops nothing.
            var file = Directory.GetFiles(Sets, "*.dump", SearchOption.AllDirectories)[0];
            var bytes = await File.ReadAllBytesAsync(file);
            bytes[bytes.Length / 2] ^= 1;
            await File.WriteAllBytesAsync(file, bytes);
            await Assert.ThrowsAsync<OpsException>(() => RestoreAsync(stack));
            Assert.Equal(pid, await pm2.ExecuteAsync("pid", name));
            await AssertUntouchedAsync();
        }
        finally
        {
            await pm2.ExecuteAsync("delete", name);
        }

        async Task AssertUntouchedAsync()
        {
            using var client = new HttpClient();
            Assert.NotEmpty(await client.GetStringAsync(new Uri($"http://127.0.0.1:{port}/metrics")));
            Assert.Equal(2L, await server.ExecuteAsync("SELECT count(*) FROM t", database));
            Assert.Equal(0L, await server.ExecuteAsync($"SELECT count(*) FROM pg_database WHERE datname LIKE '{database}_restore_%'"));
            Assert.Equal(string.Empty, await server.ExecuteAsync($"SELECT coalesce(shobj_description(oid, 'pg_database'), '') FROM pg_database WHERE datname = '{database}'"));
        }
    }

    [SkippableFact]
    public async Task What_is_there_is_backed_up_first_when_that_is_wanted()
    {
        var server = await Servers.PostgreSqlAsync();
        var database = await server.CreateDatabaseAsync();
        await server.ExecuteAsync("CREATE TABLE t (a int); INSERT INTO t VALUES (1)", database);
        await DumpAsync(server, database, BackupFormat.PostgreSqlCustom);
        var old = (await SampleDumps.SetAsync(Sets, "backup")).Name;
        await server.ExecuteAsync("INSERT INTO t VALUES (2)", database);

        var plan = await RestoreAsync(Stack(server, database), whatIf: true, backupCurrent: true);
        Assert.Equal(["Backup", "Create", "Restore", "Verify", "Rename", "Rename"], plan.Items.Cast<OpsPlanStep>().Select(step => step.Action));
        Assert.Single(Directory.GetDirectories(Sets));

        // The set that is restored is the newest of before, not the one that is made now.
        var result = Assert.Single((await RestoreAsync(Stack(server, database), backupCurrent: true)).Items.OfType<DbRestoreResult>());
        Assert.Equal(old, result.Set);
        Assert.Equal(1L, await server.ExecuteAsync("SELECT count(*) FROM t", database));
        Assert.Equal([old, result.BackedUpAs!], Directory.GetDirectories(Sets).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));

        // That one is the newest now, and holds what was there.
        var back = Assert.Single((await RestoreAsync(Stack(server, database))).Items.OfType<DbRestoreResult>());
        Assert.Equal(result.BackedUpAs, back.Set);
        Assert.Equal(2L, await server.ExecuteAsync("SELECT count(*) FROM t", database));

        // Without that backup nothing is restored.
        var names = await server.ExecuteAsync($"SELECT string_agg(datname, ',' ORDER BY datname) FROM pg_database WHERE datname LIKE '{database}%'");
        await using var held = await FolderLock.TakeAsync(new BackupFolder(new OpsRunbook.Engine.Hosts.LocalHost(), Sets, "backup"), "backup", default);
        var error = await Assert.ThrowsAsync<OpsException>(() => RestoreAsync(Stack(server, database), backupCurrent: true));
        Assert.Equal("Backup.Locked", error.Id);
        Assert.Equal(names, await server.ExecuteAsync($"SELECT string_agg(datname, ',' ORDER BY datname) FROM pg_database WHERE datname LIKE '{database}%'"));
    }

    [SkippableFact]
    public async Task A_restore_that_does_not_fit_on_the_disk_is_not_begun()
    {
        var server = await Servers.PostgreSqlAsync();
        var database = await server.CreateDatabaseAsync();
        await server.ExecuteAsync("CREATE TABLE t (a int); INSERT INTO t VALUES (1)", database);
        await DumpAsync(server, database, BackupFormat.PostgreSqlCustom);
        var output = new RecordedOutput();
        await using var session = new StackSession(Stack(server, database));
        var set = (await SampleDumps.SetAsync(Sets, "backup"));
        set = set with { Files = [.. set.Files.Select(file => file with { Bytes = long.MaxValue / 2 })] };
        var member = new OpsRunbook.Engine.Databases.DatabaseMember(session, "db", session.Stack.Databases["db"]);
        await using var restore = await RestoreServers.OpenAsync(member, await member.TargetAsync(default), default);
        var error = await Assert.ThrowsAsync<OpsException>(() => RestoreNeeds.RequireAsync(restore, member, set, Changes(output), output, default));
        Assert.Equal("Guard.FreeSpace", error.Id);
    }

    [SkippableFact]
    public async Task A_restore_that_was_killed_is_cleared_away_by_the_next_one()
    {
        await using var server = await Servers.NewPostgreSqlAsync();
        var database = await server.CreateDatabaseAsync();
        await server.ExecuteAsync("CREATE TABLE t (a int); INSERT INTO t VALUES (1)", database);
        await DumpAsync(server, database, BackupFormat.PostgreSqlCustom);
        var left = DatabaseRestore.NameOf(database, "restore", "20260101T000000");
        var mine = DatabaseRestore.NameOf(database, "restore", "of_mine");
        await server.ExecuteAsync($"CREATE DATABASE \"{left}\"");
        await server.ExecuteAsync($"COMMENT ON DATABASE \"{left}\" IS '{DatabaseMark.Restoring}'");
        await server.ExecuteAsync($"CREATE DATABASE \"{mine}\"");
        await server.ExecuteAsync($"COMMENT ON DATABASE {database} IS '{new DatabaseMark(DatabaseMark.Starting, database) { Comment = "own", Stopped = ["api"] }.Write().Replace("'", "''", StringComparison.Ordinal)}'");

        var output = await RestoreAsync(server, database);

        Assert.Contains(output.Warnings, warning => warning.Contains(left, StringComparison.Ordinal));
        Assert.Contains(output.Warnings, warning => warning.Contains("api", StringComparison.Ordinal));
        Assert.Equal(0L, await server.ExecuteAsync($"SELECT count(*) FROM pg_database WHERE datname = '{left}'"));
        Assert.Equal(1L, await server.ExecuteAsync($"SELECT count(*) FROM pg_database WHERE datname = '{mine}'"));
        Assert.Equal("own", await server.ExecuteAsync($"SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = '{database}'"));
    }

    [SkippableFact]
    public async Task A_database_of_MariaDb_is_prepared_beside_the_one_in_use()
    {
        var server = await Servers.MariaDbAsync();
        var database = await server.CreateDatabaseAsync();
        await server.ExecuteAsync(SampleDumps.MariaDb, database);
        var wanted = await SampleDumps.FingerprintAsync(server, database);
        await BackUpAsync(Stack(DatabaseFixtures.Of(server, database)), new BackupRequest(CountRows: true));
        await server.ExecuteAsync("DELETE FROM child WHERE id > 90", database);
        var lost = await SampleDumps.FingerprintAsync(server, database);

        var output = await RestoreAsync(Stack(DatabaseFixtures.Of(server, database)));

        var result = Assert.Single(output.Items.OfType<DbRestoreResult>());
        Assert.Equal((DbRestoreOutcome.Prepared, HealthStatus.Warning), (result.Outcome, result.Status));
        Assert.Equal(wanted, await SampleDumps.FingerprintAsync(server, result.Database));
        Assert.Equal(lost, await SampleDumps.FingerprintAsync(server, database));
        Assert.Contains("ALTER EVENT `tick` ENABLE", result.NextStep, StringComparison.Ordinal);
        Assert.Equal("DISABLED", (await server.ExecuteAsync($"SELECT STATUS FROM information_schema.EVENTS WHERE EVENT_SCHEMA = '{result.Database}'")).Trim());

        var rows = new RecordedOutput();
        await using var session = new StackSession(Stack(DatabaseFixtures.Of(server, database)));
        var member = Assert.Single(BackupMember.Select(session, [], null, rows));
        await new BackupExport(member, new BackupExportRequest("SELECT id, parent FROM child WHERE id > @from ORDER BY id", new Dictionary<string, object?> { ["from"] = 90 }), Changes(rows), rows).RunAsync(default);
        Assert.Equal(10, rows.Items.OfType<DbRow>().Count());
    }

    [SkippableFact]
    public async Task Rows_come_out_of_a_backup_with_only_the_tables_that_are_named()
    {
        var server = await Servers.PostgreSqlAsync();
        var database = await server.CreateDatabaseAsync();
        await server.ExecuteAsync(SampleDumps.PostgreSql, database);
        await DumpAsync(server, database, BackupFormat.PostgreSqlCustom);
        await server.ExecuteAsync("DELETE FROM tricky", database);
        var output = new RecordedOutput();
        await using var session = new StackSession(Stack(DatabaseFixtures.Of(server, database)));
        var member = Assert.Single(BackupMember.Select(session, [], null, output));
        var request = new BackupExportRequest("SELECT a, (SELECT count(*) FROM pg_tables WHERE schemaname = 'public') AS tables FROM tricky WHERE a LIKE @begin", new Dictionary<string, object?> { ["begin"] = "\\\\%" }) { Tables = ["tricky"] };
        await new BackupExport(member, request, Changes(output), output).RunAsync(default);
        Assert.Empty(output.Errors);
        var rows = output.Items.OfType<DbRow>().ToList();
        Assert.Equal([@"\.", @"\connect postgres"], rows.Select(row => (string)row["a"]!).Order(StringComparer.Ordinal));
        Assert.All(rows, row => Assert.Equal(1L, row["tables"]));
    }

    private string Sets => Directory.CreateDirectory(At("sets")).FullName;

    private static ChangeRunner Changes(RecordedOutput output) => new(output, new MemoryJournal(), new ChangeOrigin("Restore-Database", "shop"));

    private static async Task<object?> PropertiesAsync(PostgreSqlServer server, string database) => await server.ExecuteAsync(
        $"SELECT concat_ws('|', (SELECT string_agg(a::text, ',' ORDER BY a::text) FROM unnest(datacl) a), datconnlimit, shobj_description(d.oid, 'pg_database'), datcollate, (SELECT string_agg(concat(setrole, setconfig), ',' ORDER BY setrole) FROM pg_db_role_setting s WHERE s.setdatabase = d.oid)) FROM pg_database d WHERE datname = '{database}'");

    private static async Task<int> ApplicationAsync(PostgreSqlServer server, string database, CancellationToken cancellationToken)
    {
        var connections = 0;
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await using var connection = new NpgsqlConnection(server.ConnectionStringOf(database));
                await connection.OpenAsync(cancellationToken);
                connections++;
                while (true)
                {
                    await using var command = new NpgsqlCommand("SELECT 1", connection);
                    await command.ExecuteScalarAsync(cancellationToken);
                    await Task.Delay(20, cancellationToken);
                }
            }
            catch (Exception error) when (error is NpgsqlException or OperationCanceledException or IOException)
            {
                // Cut off, as an application is.
            }
        }

        return connections;
    }

    private Task DumpAsync(PostgreSqlServer server, string database, BackupFormat format) =>
        BackUpAsync(Stack(server, database), new BackupRequest(format, BackupCompression.None, 2, CountRows: true));

    private static async Task BackUpAsync(OpsStack stack, BackupRequest request)
    {
        var output = new RecordedOutput();
        await using var session = new StackSession(stack);
        Assert.NotNull(await new BackupMaker(Assert.Single(BackupMember.Select(session, [], TimeSpan.FromSeconds(30), output)), request, Changes(output), output).RunAsync(default));
    }

    private OpsStack Stack(PostgreSqlServer server, string database) => Stack(DatabaseFixtures.Of(server, database));

    private OpsStack Stack(StackDatabase database) => new()
    {
        Name = "shop",
        Databases = { ["db"] = database },
        Backups = { ["backup"] = new StackBackup { Database = "db", Directory = Sets } },
    };

    private Task<RecordedOutput> RestoreAsync(PostgreSqlServer server, string database, string? kept = null, bool whatIf = false, bool foreign = false)
    {
        var stack = Stack(server, database);
        if (foreign)
        {
            // As somebody else's file: no checksum tells that it was changed.
            var file = Directory.GetFiles(Sets, "*.sql", SearchOption.AllDirectories)[0];
            File.Copy(file, Path.Combine(Directory.CreateDirectory(At("others")).FullName, "app.sql"), overwrite: true);
            stack.Backups["backup"].Directory = At("others");
            stack.Backups["backup"].Pattern = "app*";
        }

        return RestoreAsync(stack, kept, whatIf);
    }

    private static async Task<RecordedOutput> RestoreAsync(OpsStack stack, string? kept = null, bool whatIf = false, bool backupCurrent = false)
    {
        var output = new RecordedOutput { IsWhatIf = whatIf };
        await using var session = new StackSession(stack);
        var member = Assert.Single(BackupMember.Select(session, [], TimeSpan.FromSeconds(30), output));
        var restore = new DatabaseRestore(member, new DatabaseRestoreRequest(null, TimeSpan.FromSeconds(30)) { Kept = kept, BackupCurrent = backupCurrent }, Changes(output), output);
        await restore.RunAsync(default);
        return output;
    }

    private string At(string name) => Path.Combine(_folder, name);
}
