using System.Security.Cryptography;
using OpsRunbook.Engine.Backups;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Engine.Tests.Databases;
using OpsRunbook.Fixtures;
using Xunit;

namespace OpsRunbook.Engine.Tests.Backups;

public sealed class BackupMakerTests
{
    private const string SampleSql = """
        CREATE TABLE "Odd ""Name" (id int PRIMARY KEY, text text, data bytea, at timestamptz DEFAULT now());
        INSERT INTO "Odd ""Name" SELECT n, CASE WHEN n % 7 = 0 THEN NULL ELSE repeat('ünï ''"\' || n, 3) END, decode(md5(n::text), 'hex') FROM generate_series(1, 2000) n;
        CREATE TABLE empty (id int);
        CREATE TABLE parent (id int, day date) PARTITION BY RANGE (day);
        CREATE TABLE part PARTITION OF parent FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
        INSERT INTO parent VALUES (1, '2026-05-05'), (2, '2026-06-06');
        """;

    [SkippableTheory]
    [InlineData(BackupFormat.PostgreSqlCustom, null)]
    [InlineData(BackupFormat.PostgreSqlDirectory, null)]
    [InlineData(BackupFormat.PostgreSqlPlain, BackupCompression.None)]
    [InlineData(BackupFormat.PostgreSqlPlain, BackupCompression.Gzip)]
    [InlineData(BackupFormat.PostgreSqlPlain, BackupCompression.Zstd)]
    public async Task A_set_of_postgresql_restores_to_the_same_rows(BackupFormat format, BackupCompression? compression)
    {
        var server = await Servers.PostgreSqlAsync();
        var database = await server.CreateDatabaseAsync();
        await server.ExecuteAsync(SampleSql, database);
        await using var backup = TestBackup.Of(server, database);

        var made = await backup.MakeAsync(new BackupRequest(format, compression, Jobs: 2, CountRows: true));

        Assert.Equal((HealthStatus.Healthy, BackupState.Complete, 1L, format, database), (made.Status, made.State, made.Sequence!.Value, made.Format, made.Database));
        Assert.Equal((0, false), (backup.Output.Warnings.Count, made.IsVerified));
        var manifest = Assert.Single(await backup.SetsAsync()).Manifest!;
        Assert.Equal([("public", "Odd \"Name", 2000), ("public", "empty", 0), ("public", "part", 2)], manifest.Tables!.Select(table => (table.Schema, table.Name, (int)table.Rows)).Order());
        foreach (var file in manifest.Files)
        {
            var content = await File.ReadAllBytesAsync(Path.Combine(made.Path, file.Path));
            Assert.Equal((content.LongLength, Convert.ToHexString(SHA256.HashData(content)).ToLowerInvariant()), (file.Bytes!.Value, file.Sha256));
        }

        var restored = await server.CreateDatabaseAsync();
        await RestoreAsync(server, made, restored);
        Assert.Equal(await RowsAsync(server, database), await RowsAsync(server, restored));
        AssertNoSecret(backup, server.Password);
    }

    [SkippableFact]
    public async Task A_set_of_mariadb_holds_routines_events_and_triggers()
    {
        var server = await Servers.MariaDbAsync();
        var database = await server.CreateDatabaseAsync();
        await server.ExecuteAsync(
            """
            SET NAMES utf8mb4;
            CREATE TABLE item (id int PRIMARY KEY, name varchar(100) CHARACTER SET utf8mb4, data blob) ENGINE=InnoDB;
            INSERT INTO item SELECT seq, CONCAT('ünï 🙂 ''', seq), UNHEX(MD5(seq)) FROM seq_1_to_3000;
            CREATE TABLE note (id int) ENGINE=MyISAM;
            CREATE PROCEDURE twice(IN n int) SELECT n * 2;
            CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY DISABLE DO SELECT 1;
            CREATE TRIGGER checked BEFORE INSERT ON item FOR EACH ROW SET NEW.name = TRIM(NEW.name);
            """,
            database);
        await using var backup = TestBackup.Of(server, database);

        var made = await backup.MakeAsync();

        Assert.Equal((BackupState.Complete, BackupFormat.MySqlPlain, BackupCompression.Gzip, database), (made.State, made.Format, made.Compression, made.Database));
        Assert.Contains("not InnoDB", Assert.Single(backup.Output.Warnings), StringComparison.Ordinal);
        var restored = await server.CreateDatabaseAsync();
        await server.ExecuteAsync(await Tool.RunAsync("gzip", ["-dc", TestBackup.DataFile(made)]), restored);
        foreach (var query in new[]
        {
            "SELECT COUNT(*), MD5(GROUP_CONCAT(CONCAT_WS('|', id, name, HEX(data)) ORDER BY id)) FROM item",
            "SELECT routine_name FROM information_schema.routines WHERE routine_schema = DATABASE()",
            "SELECT event_name FROM information_schema.events WHERE event_schema = DATABASE()",
            "SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = DATABASE()",
        })
        {
            var original = await server.ExecuteAsync("SET SESSION group_concat_max_len = 100000000; " + query, database);
            Assert.NotEmpty(original.Trim());
            Assert.Equal(original, await server.ExecuteAsync("SET SESSION group_concat_max_len = 100000000; " + query, restored));
        }

        AssertNoSecret(backup, server.Password);
    }

    [SkippableFact]
    public async Task A_set_of_redis_is_a_snapshot_made_for_it()
    {
        await using var server = await Servers.NewRedisAsync();
        await server.ExecuteAsync("SET", "before", "1");
        await server.ExecuteAsync("SAVE");
        await server.ExecuteAsync("SET", "after", "2");
        await using var backup = new TestBackup(new StackCache { Server = "127.0.0.1", Port = server.Port, Password = SecretReference.Parse(server.Password) });

        var made = await backup.MakeAsync();

        Assert.Equal((BackupState.Complete, BackupFormat.RedisRdb, BackupEngine.Redis), (made.State, made.Format, made.Engine));
        var check = await Tool.RunAsync("redis-check-rdb", [TestBackup.DataFile(made)]);
        Assert.Contains("2 keys read", check, StringComparison.Ordinal);
        AssertNoSecret(backup, server.Password);
    }

    [SkippableFact]
    public async Task Over_ssh_nothing_is_left_on_either_side_but_the_set()
    {
        var server = await Servers.PostgreSqlAsync();
        var ssh = await Servers.SshdAsync();
        var database = await server.CreateDatabaseAsync();
        await server.ExecuteAsync(SampleSql, database);
        await using var backup = TestBackup.Of(server, database, change: stack =>
        {
            stack.Hosts["db1"] = new StackHost { Ssh = ssh.Destination, Identity = ssh.IdentityFile, Options = new Dictionary<string, string>(ssh.Options) };
            stack.Hosts["nas"] = stack.Hosts["db1"];
            stack.Databases["shop"].Host = "db1";
        });
        var streamed = await backup.MakeAsync();
        backup.Definition.Host = "nas";

        var remote = await backup.MakeAsync(new BackupRequest(BackupFormat.PostgreSqlPlain));

        Assert.Equal([1L, 2L], (await backup.SetsAsync()).Select(set => set.Sequence!.Value));
        foreach (var made in new[] { streamed, remote })
        {
            var restored = await server.CreateDatabaseAsync();
            await RestoreAsync(server, made, restored);
            Assert.Equal(await RowsAsync(server, database), await RowsAsync(server, restored));
        }

        Assert.Equal([".opsrunbook-db.lock", streamed.Set, remote.Set], Directory.EnumerateFileSystemEntries(backup.Folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        AssertNoSecret(backup, server.Password);
    }

    [SkippableFact]
    public async Task In_a_container_its_own_program_is_used_and_nothing_is_left_there()
    {
        var server = await Servers.PostgreSqlAsync();
        var docker = await Servers.DockerAsync();
        var database = await server.CreateDatabaseAsync();
        await server.ExecuteAsync(SampleSql, database);
        var image = await docker.ImageOfProgramsAsync(
            "opsrunbook-test/pg_dump:1", [Path.Combine(server.ProgramFolder, "pg_dump"), Tool.Require("busybox", "Docker", "busybox-static")], texts: new Dictionary<string, string> { ["/tmp/.here"] = string.Empty });
        var name = docker.NewName("pg");
        await docker.ExecuteAsync("run", "--detach", "--name", name, "--network", "host", "--env", $"PATH={server.ProgramFolder}:/usr/bin:/bin", image, "sleep", "1000");
        try
        {
            await using var backup = TestBackup.Of(server, database, change: stack =>
            {
                stack.Hosts["box"] = new StackHost { Container = name, Docker = docker.Address };
                stack.Databases["shop"].Host = "box";
            });

            var made = await backup.MakeAsync(new BackupRequest(CountRows: true));

            var restored = await server.CreateDatabaseAsync();
            await RestoreAsync(server, made, restored);
            Assert.Equal(await RowsAsync(server, database), await RowsAsync(server, restored));
            Assert.Empty((await docker.ExecuteAsync("exec", name, "find", "/tmp", "-type", "f", "!", "-name", ".here")).Trim());
            AssertNoSecret(backup, server.Password);
        }
        finally
        {
            await docker.ExecuteAsync("rm", "--force", name);
        }
    }

    [SkippableFact]
    public async Task A_source_that_dies_leaves_nothing_under_the_name_of_a_set()
    {
        var server = await Servers.PostgreSqlAsync();
        var database = await server.CreateDatabaseAsync();
        await server.ExecuteAsync("CREATE TABLE big AS SELECT n, md5(n::text) AS a, md5((n + 1)::text) AS b FROM generate_series(1, 600000) n", database);
        foreach (var format in new[] { BackupFormat.PostgreSqlCustom, BackupFormat.PostgreSqlPlain, BackupFormat.PostgreSqlDirectory })
        {
            await using var backup = TestBackup.Of(server, database);
            var making = backup.MakeAsync(new BackupRequest(format));
            await DatabaseFixtures.EventuallyAsync(() => server.ExecuteAsync(
                $"SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity WHERE datname = '{database}' AND application_name = 'OpsRunbook' AND query LIKE 'COPY%'"));

            var error = await Assert.ThrowsAsync<OpsException>(() => making);

            Assert.Equal("Backup.DumpFailed", error.Id);
            Assert.Contains("pg_dump: error", error.Message, StringComparison.Ordinal);
            Assert.Empty(await backup.SetsAsync());
            Assert.Equal(JournalOutcome.Failed, backup.Journal.Records[^1].Outcome);
        }
    }

    [SkippableTheory]
    [InlineData(BackupFormat.PostgreSqlCustom)]
    [InlineData(BackupFormat.PostgreSqlPlain)]
    public async Task A_backup_that_nobody_wants_any_more_leaves_nothing(BackupFormat format)
    {
        var server = await Servers.PostgreSqlAsync();
        var database = await server.CreateDatabaseAsync();
        await server.ExecuteAsync("CREATE TABLE big AS SELECT n, md5(n::text) AS a FROM generate_series(1, 400000) n", database);
        await using var backup = TestBackup.Of(server, database);
        using var stop = new CancellationTokenSource();
        var making = backup.MakeAsync(new BackupRequest(format), stop.Token);
        var running = $"SELECT pid::text FROM pg_stat_activity WHERE datname = '{database}' AND query LIKE 'COPY%'";
        await DatabaseFixtures.EventuallyAsync(() => server.ExecuteAsync(running));

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => making);
        Assert.Equal([".opsrunbook-db.lock"], Directory.EnumerateFileSystemEntries(backup.Folder).Select(Path.GetFileName));
        await DatabaseFixtures.EventuallyAsync(async () => await server.ExecuteAsync(running) is null ? running : null);
    }

    [SkippableFact]
    public async Task A_set_made_under_heavy_writes_is_of_one_moment()
    {
        var server = await Servers.PostgreSqlAsync();
        var pgbench = Path.Combine(server.ProgramFolder, "pgbench");
        Skip.IfNot(File.Exists(pgbench), "pgbench is not installed.");
        var database = await server.CreateDatabaseAsync();
        string[] connection = ["-h", server.Host, "-p", $"{server.Port}", "-U", server.User];
        var password = new Dictionary<string, string> { ["PGPASSWORD"] = server.Password };
        await Tool.RunAsync(pgbench, ["-i", "-q", .. connection, database], "", password);
        await using var backup = TestBackup.Of(server, database);
        var writing = Tool.RunAsync(pgbench, ["-n", "-c", "4", "-T", "4", .. connection, database], "", password);
        await DatabaseFixtures.EventuallyAsync(() => server.ExecuteAsync("SELECT 1 FROM pgbench_history LIMIT 1", database));

        var made = await backup.MakeAsync(new BackupRequest(BackupFormat.PostgreSqlDirectory, Jobs: 2, CountRows: true));

        Assert.False(writing.IsCompleted, "The writes were over before the backup.");
        await writing;
        var restored = await server.CreateDatabaseAsync();
        await RestoreAsync(server, made, restored);
        Assert.Equal("1", await server.ExecuteAsync(
            """
            SELECT count(DISTINCT total)::text FROM (
              SELECT sum(abalance) AS total FROM pgbench_accounts UNION ALL SELECT sum(bbalance) FROM pgbench_branches
              UNION ALL SELECT sum(tbalance) FROM pgbench_tellers UNION ALL SELECT sum(delta) FROM pgbench_history) t
            """,
            restored));
        var counted = (await backup.SetsAsync())[0].Manifest!.Tables!.Single(table => table.Name == "pgbench_history").Rows;
        Assert.Equal(counted, await server.ExecuteAsync("SELECT count(*) FROM pgbench_history", restored));
    }

    [SkippableFact]
    public async Task Two_runs_of_one_backup_do_not_mix_and_one_that_ended_holds_nothing()
    {
        var server = await Servers.PostgreSqlAsync();
        await using var backup = TestBackup.Of(server);
        await using (await FolderLock.TakeAsync(backup.Member.Folder, "db", default))
        {
            var error = await Assert.ThrowsAsync<OpsException>(() => backup.MakeAsync());
            Assert.Equal("Backup.Locked", error.Id);
            Assert.Contains(BackupOrigin.Who, error.Message, StringComparison.Ordinal);
        }

        Assert.Equal(1, (await backup.MakeAsync()).Sequence);
    }

    [SkippableFact]
    public async Task A_folder_without_room_is_named_before_anything_is_written()
    {
        var server = await Servers.PostgreSqlAsync();
        await using var disk = await Servers.NewSmallDiskAsync();
        await using var backup = TestBackup.Of(server, folder: disk.Folder);

        var error = await Assert.ThrowsAsync<OpsException>(() => backup.MakeAsync());

        Assert.Equal("Backup.NoSpace", error.Id);
        Assert.Contains(disk.Folder, error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(disk.Folder));
    }

    [SkippableTheory]
    [InlineData(BackupFormat.PostgreSqlCustom)]
    [InlineData(BackupFormat.PostgreSqlDirectory)]
    [InlineData(BackupFormat.PostgreSqlPlain)]
    public async Task A_disk_that_fills_up_is_named_and_earlier_sets_stay(BackupFormat format)
    {
        var server = await Servers.PostgreSqlAsync();
        await using var disk = await Servers.NewSmallDiskAsync(6 * 1024 * 1024);
        var database = await server.CreateDatabaseAsync();
        await using var backup = TestBackup.Of(server, database, disk.Folder);
        await using var first = TestBackup.Of(server, database);
        var earlier = await first.MakeAsync();
        await Tool.RunAsync("cp", ["-a", earlier.Path, disk.Folder]);
        await server.ExecuteAsync("CREATE TABLE big AS SELECT md5(n::text) AS a, md5((n + 1)::text) AS b FROM generate_series(1, 300000) n", database);

        var error = await Assert.ThrowsAsync<OpsException>(() => backup.MakeAsync(new BackupRequest(format, BackupCompression.None)));

        Assert.Equal("Backup.DiskFull", error.Id);
        Assert.Contains(disk.Folder, error.Message, StringComparison.Ordinal);
        Assert.Matches(@"\d(\.\d+)? [KMG]i?B free", error.Message);
        var set = Assert.Single(await backup.SetsAsync());
        Assert.Equal((earlier.Set, BackupState.Complete), (set.Name, set.State));
    }

    [SkippableFact]
    public async Task A_jump_in_size_is_warned_of()
    {
        var server = await Servers.PostgreSqlAsync();
        var database = await server.CreateDatabaseAsync();
        await server.ExecuteAsync("CREATE TABLE big AS SELECT md5(n::text) FROM generate_series(1, 20000) n", database);
        await using var backup = TestBackup.Of(server, database);
        await backup.MakeAsync();
        await server.ExecuteAsync("TRUNCATE big", database);

        var made = await backup.MakeAsync();

        Assert.Equal(HealthStatus.Warning, made.Status);
        Assert.Contains("unusual size", Assert.Single(backup.Output.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_command_of_the_stack_is_believed_only_with_its_product()
    {
        await using var backup = new TestBackup(new StackDatabase { Engine = DatabaseEngine.Postgres });
        backup.Definition.Pattern = "app-*.sql";
        backup.Definition.Command = ["true"];
        Assert.Equal("Backup.CommandMadeNothing", (await Assert.ThrowsAsync<OpsException>(() => backup.MakeAsync())).Id);

        backup.Definition.Command = ["sh", "-c", "echo -- PostgreSQL database dump > \"$1\"; exit 3", "sh", Path.Combine(backup.Folder, "app-1.sql")];
        Assert.Equal("Backup.CommandFailed", (await Assert.ThrowsAsync<OpsException>(() => backup.MakeAsync())).Id);

        backup.Definition.Command = ["sh", "-c", "echo -- PostgreSQL database dump > \"$1\"", "sh", Path.Combine(backup.Folder, "app-2.sql")];
        Assert.Equal("app-2.sql", (await backup.MakeAsync()).Set);
    }

    [SkippableFact]
    public async Task Under_what_if_there_is_a_plan_and_no_file()
    {
        var server = await Servers.PostgreSqlAsync();
        await using var backup = TestBackup.Of(server);
        backup.Output = new RecordedOutput { IsWhatIf = true };

        Assert.Null(await backup.MakeAsync());

        Assert.Contains("pg_dump", Assert.IsType<OpsPlanStep>(Assert.Single(backup.Output.Items)).Detail, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(backup.Folder));
    }

    [SkippableFact]
    public async Task The_login_is_in_no_argument_and_no_environment_while_a_dump_runs()
    {
        var server = await Servers.PostgreSqlAsync();
        var database = await server.CreateDatabaseAsync();
        await server.ExecuteAsync("CREATE TABLE big AS SELECT n, md5(n::text) AS a FROM generate_series(1, 400000) n", database);
        await using var backup = TestBackup.Of(server, database);
        var making = backup.MakeAsync();
        var seen = 0;
        while (!making.IsCompleted)
        {
            foreach (var process in Directory.EnumerateDirectories("/proc", "*").Where(path => int.TryParse(Path.GetFileName(path), out var id) && id != Environment.ProcessId))
            {
                try
                {
                    var arguments = await File.ReadAllTextAsync(process + "/cmdline");
                    var environment = await File.ReadAllTextAsync(process + "/environ");
                    if (environment.Contains("PGAPPNAME=OpsRunbook", StringComparison.Ordinal))
                    {
                        seen++;
                        Assert.DoesNotContain(server.Password, arguments + environment, StringComparison.Ordinal);
                    }
                }
                catch (Exception error) when (error is IOException or UnauthorizedAccessException)
                {
                    // It has ended meanwhile.
                }
            }

            await Task.Delay(10);
        }

        await making;
        Assert.True(seen > 0, "The program was never seen.");
    }

    internal static async Task RestoreAsync(PostgreSqlServer server, DbBackup backup, string database)
    {
        string[] connection = ["-h", server.Host, "-p", $"{server.Port}", "-U", server.User, "-d", database];
        var password = new Dictionary<string, string> { ["PGPASSWORD"] = server.Password };
        if (backup.Format != BackupFormat.PostgreSqlPlain)
        {
            var data = backup.Format == BackupFormat.PostgreSqlDirectory ? Directory.GetDirectories(backup.Path)[0] : TestBackup.DataFile(backup);
            await Tool.RunAsync("pg_restore", ["--exit-on-error", .. connection, data], "", password);
            return;
        }

        var sql = backup.Compression switch
        {
            BackupCompression.Gzip => await Tool.RunAsync("gzip", ["-dc", TestBackup.DataFile(backup)]),
            BackupCompression.Zstd => await Tool.RunAsync("zstd", ["-dcq", TestBackup.DataFile(backup)]),
            _ => await File.ReadAllTextAsync(TestBackup.DataFile(backup)),
        };
        await Tool.RunAsync("psql", ["-v", "ON_ERROR_STOP=1", "-q", .. connection], sql, password);
    }

    private static async Task<object?> RowsAsync(PostgreSqlServer server, string database) => await server.ExecuteAsync(
        """SELECT count(*) || md5(string_agg(t::text, '|' ORDER BY t::text)) || (SELECT md5(string_agg(p::text, '|' ORDER BY p::text)) FROM parent p) FROM "Odd ""Name" t""", database);

    private static void AssertNoSecret(TestBackup backup, string secret)
    {
        var said = string.Join('\n', backup.Output.VerboseLines.Concat(backup.Output.Warnings).Concat(backup.Journal.Records.Select(record => System.Text.Json.JsonSerializer.Serialize(record))));
        Assert.DoesNotContain(secret, said, StringComparison.Ordinal);
        foreach (var file in Directory.EnumerateFiles(backup.Folder, "*", SearchOption.AllDirectories).Where(path => path.EndsWith(".json", StringComparison.Ordinal) || path.EndsWith(".lock", StringComparison.Ordinal)))
        {
            Assert.DoesNotContain(secret, File.ReadAllText(file), StringComparison.Ordinal);
        }
    }
}
