using OpsRunbook.Engine.Backups;
using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Engine.Tests.Databases;
using OpsRunbook.Engine.Tests.Safety;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Backups;

/// <summary>A set that passes its test restores; one that was cut or changed never passes.</summary>
public sealed class BackupTestTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("backup test ").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [SkippableFact]
    public async Task Sets_of_PostgreSql_are_restored_counted_and_dropped()
    {
        await using var server = await Servers.NewPostgreSqlAsync();
        var database = await server.CreateDatabaseAsync();
        await server.ExecuteAsync(SampleDumps.PostgreSql, database);
        IReadOnlyList<ManifestTable> tables = [new("Mixed Case", "Order Items", 3000), new("public", "events", 4000), new("public", "tricky", 6)];
        await SampleDumps.DumpAsync(server, "pg_dump", "--format=custom", $"--file={At("custom.dump")}", database);
        await SampleDumps.DumpAsync(server, "pg_dump", "--format=directory", $"--file={At("directory")}", database);
        await SampleDumps.DumpAsync(server, "pg_dump", "--format=tar", $"--file={At("tar.dump")}", database);
        await SampleDumps.DumpAsync(server, "pg_dump", $"--file={At("plain.sql")}", database);
        await SampleDumps.DumpAsync(server, "pg_dump", "--create", "--clean", "--inserts", $"--file={At("create.sql")}", database);
        await SampleDumps.DumpAsync(server, "pg_dumpall", "--clean", $"--file={At("all.sql")}");
        await Tool.RunAsync("gzip", [At("plain.sql")]);
        await Tool.RunAsync("zstd", ["-q", "--rm", At("create.sql")]);
        SampleDumps.WriteSet(Sets, "backup", 1, BackupFormat.PostgreSqlCustom, At("custom.dump"), tables: tables);
        SampleDumps.WriteSet(Sets, "backup", 2, BackupFormat.PostgreSqlDirectory, At("directory"), tables: tables);
        SampleDumps.WriteSet(Sets, "backup", 3, BackupFormat.PostgreSqlTar, At("tar.dump"), tables: tables);
        SampleDumps.WriteSet(Sets, "backup", 4, BackupFormat.PostgreSqlPlain, At("plain.sql.gz"), BackupCompression.Gzip, tables: tables);
        SampleDumps.WriteSet(Sets, "backup", 5, BackupFormat.PostgreSqlPlain, At("create.sql.zst"), BackupCompression.Zstd, tables: tables);
        SampleDumps.WriteSet(Sets, "backup", 6, BackupFormat.PostgreSqlAll, At("all.sql"), tables: tables);
        var before = await SampleDumps.FingerprintAsync(server, database);
        var names = await server.ExecuteAsync("SELECT string_agg(datname, ',' ORDER BY datname) FROM pg_database");

        var (output, _) = await TestAsync(DatabaseFixtures.Of(server, database), BackupLevel.Restore, testQuery: "SELECT count(*) FROM tricky");

        Assert.Empty(output.Errors);
        var results = output.Items.OfType<DbBackupTest>().ToList();
        Assert.Equal(6, results.Count);
        Assert.All(results, result => Assert.True(result is { Passed: true, Tables: 4, Rows: 7006, Answer: "6", IsRecorded: true }, $"{result.Set}: {result.Message} {result.Tables} {result.Rows}"));
        Assert.Equal(before, await SampleDumps.FingerprintAsync(server, database));
        Assert.Equal(names, await server.ExecuteAsync("SELECT string_agg(datname, ',' ORDER BY datname) FROM pg_database"));
        Assert.All(await new BackupFolder(new OpsRunbook.Engine.Hosts.LocalHost(), Sets, "backup").ListAsync(default), set => Assert.True(set.IsVerified));

        // Rows that are not there any more, a question that says no, and a set that was cut.
        SampleDumps.WriteSet(Sets, "backup", 7, BackupFormat.PostgreSqlCustom, At("custom.dump"), tables: [new("public", "tricky", 7)]);
        var (counted, _) = await TestAsync(DatabaseFixtures.Of(server, database), BackupLevel.Restore, newest: true);
        Assert.Contains("public.tricky has 6 rows and had 7", Assert.Single(counted.Items.OfType<DbBackupTest>()).Message, StringComparison.Ordinal);
        var (asked, _) = await TestAsync(DatabaseFixtures.Of(server, database), BackupLevel.Restore, sets: "*-6", testQuery: "SELECT count(*) FROM tricky WHERE a = 'none'");
        Assert.Contains("testQuery", Assert.Single(asked.Items.OfType<DbBackupTest>()).Message, StringComparison.Ordinal);
        foreach (var set in await new BackupFolder(new OpsRunbook.Engine.Hosts.LocalHost(), Sets, "backup").ListAsync(default))
        {
            var file = set.PathOf(set.Files.MaxBy(file => file.Bytes)!);
            var bytes = await File.ReadAllBytesAsync(file);
            bytes[bytes.Length / 2] ^= 1;
            await File.WriteAllBytesAsync(file, bytes);
        }

        var (changed, _) = await TestAsync(DatabaseFixtures.Of(server, database), BackupLevel.Restore);
        Assert.All(changed.Items.OfType<DbBackupTest>(), result => Assert.False(result.Passed));
        Assert.Equal(7, changed.Items.Count);
        Assert.Equal(before, await SampleDumps.FingerprintAsync(server, database));
        Assert.Equal(names, await server.ExecuteAsync("SELECT string_agg(datname, ',' ORDER BY datname) FROM pg_database"));
    }

    [SkippableFact]
    public async Task Sets_of_MariaDb_are_restored_counted_and_dropped()
    {
        await using var server = await Servers.NewMariaDbAsync();
        var database = await server.CreateDatabaseAsync();
        var other = await server.CreateDatabaseAsync();
        await server.ExecuteAsync(SampleDumps.MariaDb, database);
        await server.ExecuteAsync("CREATE TABLE other (a INT)", other);
        IReadOnlyList<ManifestTable> tables = [new(database, "Mixed Case", 3000), new(database, "child", 100), new(database, "tricky", 8)];
        await SampleDumps.DumpAsync(server, At("one.sql"), database);
        await SampleDumps.DumpAsync(server, At("several.sql"), "--add-drop-database", "--databases", other, database);
        await SampleDumps.DumpAsync(server, At("all.sql"), "--all-databases", "--flush-privileges");
        await Tool.RunAsync("gzip", [At("one.sql")]);
        SampleDumps.WriteSet(Sets, "backup", 1, BackupFormat.MySqlPlain, At("one.sql.gz"), BackupCompression.Gzip, tables: tables);
        SampleDumps.WriteSet(Sets, "backup", 2, BackupFormat.MySqlPlain, At("several.sql"), tables: tables);
        SampleDumps.WriteSet(Sets, "backup", 3, BackupFormat.MySqlPlain, At("all.sql"), tables: tables);
        await server.ExecuteAsync("DELETE FROM child WHERE id > 90", database);
        var before = await SampleDumps.FingerprintAsync(server, database);
        var names = await server.ExecuteAsync("SHOW DATABASES");

        var (output, _) = await TestAsync(DatabaseFixtures.Of(server, database), BackupLevel.Restore, testQuery: "SELECT COUNT(*) FROM child");

        Assert.Empty(output.Errors);
        var results = output.Items.OfType<DbBackupTest>().ToList();
        Assert.Equal(3, results.Count);
        Assert.All(results, result => Assert.True(result is { Passed: true, Tables: 4, Answer: "100" }, $"{result.Set}: {result.Message} {result.Tables}"));
        Assert.Equal(before, await SampleDumps.FingerprintAsync(server, database));
        Assert.Equal(names, await server.ExecuteAsync("SHOW DATABASES"));
    }

    [SkippableFact]
    public async Task A_snapshot_of_Redis_is_loaded_by_a_server_of_its_own()
    {
        await using var server = await Servers.NewRedisAsync();
        await server.ExecuteAsync("EVAL", "for i = 1, 500 do redis.call('set', 'key:' .. i, i) end", "0");
        await server.ExecuteAsync("SAVE");
        File.Copy(Directory.GetFiles(server.Folder, "*.rdb", SearchOption.AllDirectories).First(), At("dump.rdb"));
        SampleDumps.WriteSet(Sets, "backup", 1, BackupFormat.RedisRdb, At("dump.rdb"));
        var (output, _) = await TestAsync(new StackDatabase(), BackupLevel.Restore);
        var result = Assert.Single(output.Items.OfType<DbBackupTest>());
        Assert.True(result.Passed, result.Message);
        Assert.Contains("loaded 500 keys", result.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task What_an_interrupted_test_left_is_dropped_and_what_another_uses_is_not()
    {
        await using var server = await Servers.NewPostgreSqlAsync();
        var database = await server.CreateDatabaseAsync();
        await server.ExecuteAsync("CREATE TABLE t (a int)", database);
        await SampleDumps.DumpAsync(server, "pg_dump", "--format=custom", $"--file={At("custom.dump")}", database);
        SampleDumps.WriteSet(Sets, "backup", 1, BackupFormat.PostgreSqlCustom, At("custom.dump"));
        await server.ExecuteAsync($"CREATE DATABASE {ScratchDatabase.Prefix}20260101000000_dead0001");
        var session = new StackSession(new OpsStack { Databases = { ["db"] = DatabaseFixtures.Of(server, database) } });
        var member = new OpsRunbook.Engine.Databases.DatabaseMember(session, "db", session.Stack.Databases["db"]);
        await using var used = await ScratchDatabase.CreateAsync(member, new RecordedOutput(), _ => Task.CompletedTask, default);

        var (output, journal) = await TestAsync(DatabaseFixtures.Of(server, database), BackupLevel.Restore);

        Assert.True(Assert.Single(output.Items.OfType<DbBackupTest>()).Passed);
        Assert.Equal(used.Name, await server.ExecuteAsync($"SELECT string_agg(datname, ',') FROM pg_database WHERE datname LIKE '{ScratchDatabase.Prefix}%'"));
        Assert.NotEmpty(journal.Records);
    }

    [SkippableFact]
    public async Task No_password_is_ever_an_argument_or_in_the_environment()
    {
        // The tests' own programs have other servers' passwords in their environment.
        await using var server = await Servers.NewPostgreSqlAsync();
        var database = await server.CreateDatabaseAsync();
        await server.ExecuteAsync(SampleDumps.PostgreSql, database);
        await SampleDumps.DumpAsync(server, "pg_dump", $"--file={At("plain.sql")}", database);
        SampleDumps.WriteSet(Sets, "backup", 1, BackupFormat.PostgreSqlPlain, At("plain.sql"));
        using var stop = new CancellationTokenSource();
        var seen = 0;
        var sampling = Task.Run(() =>
        {
            var secret = System.Text.Encoding.UTF8.GetBytes(server.Password);
            var found = new List<string>();
            while (!stop.IsCancellationRequested)
            {
                foreach (var process in Directory.GetDirectories("/proc").Where(path => char.IsAsciiDigit(Path.GetFileName(path)[0])))
                {
                    foreach (var part in new[] { "cmdline", "environ" })
                    {
                        try
                        {
                            var bytes = File.ReadAllBytes($"{process}/{part}");
                            seen += part == "cmdline" && bytes.AsSpan().IndexOf("psql"u8) >= 0 ? 1 : 0;
                            if (bytes.AsSpan().IndexOf(secret) >= 0 && !process.EndsWith($"/{Environment.ProcessId}", StringComparison.Ordinal))
                            {
                                found.Add(System.Text.Encoding.UTF8.GetString(bytes));
                            }
                        }
                        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
                        {
                            // It has ended.
                        }
                    }
                }
            }

            return found;
        });
        var (output, journal) = await TestAsync(DatabaseFixtures.Of(server, database), BackupLevel.Restore);
        await stop.CancelAsync();
        Assert.Empty(await sampling);
        Assert.True(seen > 0);
        Assert.True(Assert.Single(output.Items.OfType<DbBackupTest>()).Passed);
        Assert.DoesNotContain(server.Password, string.Concat(output.VerboseLines.Concat(output.ProgressLines).Concat(journal.Records.Select(record => System.Text.Json.JsonSerializer.Serialize(record)))), StringComparison.Ordinal);
    }

    [SkippableTheory]
    [InlineData(null)]
    [InlineData("far")]
    public async Task Sets_are_restored_on_and_from_another_host(string? folderHost)
    {
        var sshd = await Servers.SshdAsync();
        var server = await Servers.PostgreSqlAsync();
        var maria = await Servers.MariaDbAsync();
        var (database, other) = (await server.CreateDatabaseAsync(), await maria.CreateDatabaseAsync());
        await server.ExecuteAsync("CREATE TABLE t (a int); INSERT INTO t SELECT generate_series(1, 1000)", database);
        await maria.ExecuteAsync("CREATE TABLE t (a INT); INSERT INTO t SELECT seq FROM seq_1_to_1000", other);
        await SampleDumps.DumpAsync(server, "pg_dump", "--format=custom", $"--file={At("custom.dump")}", database);
        await SampleDumps.DumpAsync(server, "pg_dump", $"--file={At("plain.sql")}", database);
        await SampleDumps.DumpAsync(maria, At("maria.sql"), other);
        await Tool.RunAsync("gzip", [At("plain.sql")]);
        SampleDumps.WriteSet(Sets, "backup", 1, BackupFormat.PostgreSqlCustom, At("custom.dump"));
        SampleDumps.WriteSet(Sets, "backup", 2, BackupFormat.PostgreSqlPlain, At("plain.sql.gz"), BackupCompression.Gzip);
        Directory.CreateDirectory(At("maria"));
        SampleDumps.WriteSet(At("maria"), "maria", 1, BackupFormat.MySqlPlain, At("maria.sql"), database: other);
        var output = new RecordedOutput();
        await using var session = new StackSession(new OpsStack
        {
            Hosts = { ["far"] = new StackHost { Ssh = sshd.Destination, Identity = sshd.IdentityFile, Options = new Dictionary<string, string>(sshd.Options) } },
            Databases = { ["db"] = DatabaseFixtures.Of(server, database), ["maria"] = DatabaseFixtures.Of(maria, other) },
            Backups =
            {
                ["backup"] = new StackBackup { Database = "db", Directory = Sets, Host = folderHost },
                ["maria"] = new StackBackup { Database = "maria", Directory = At("maria"), Host = folderHost },
            },
        });
        session.Stack.Databases["db"].Host = session.Stack.Databases["maria"].Host = "far";
        foreach (var member in BackupMember.Select(session, [], TimeSpan.FromSeconds(30), output))
        {
            var changes = new ChangeRunner(output, new MemoryJournal(), new ChangeOrigin("Test-DbBackup", "shop"));
            await new BackupTest(member, new BackupTestRequest(BackupLevel.Restore, []), changes, output).RunAsync(default);
        }

        Assert.Empty(output.Errors);
        Assert.Equal([(true, 1000L), (true, 1000L), (true, 1000L)], output.Items.OfType<DbBackupTest>().Select(result => (result.Passed, result.Rows ?? 0)));
    }

    private string Sets => Directory.CreateDirectory(At("sets")).FullName;

    private async Task<(RecordedOutput Output, MemoryJournal Journal)> TestAsync(StackDatabase database, BackupLevel level, bool newest = false, string? sets = null, string? testQuery = null)
    {
        var (output, journal) = (new RecordedOutput(), new MemoryJournal());
        await using var session = new StackSession(new OpsStack
        {
            Name = "shop",
            Databases = { ["db"] = database },
            Backups = { ["backup"] = new StackBackup { Database = "db", Directory = Sets, TestQuery = testQuery } },
        });
        var member = Assert.Single(BackupMember.Select(session, [], TimeSpan.FromSeconds(30), output));
        var changes = new ChangeRunner(output, journal, new ChangeOrigin("Test-DbBackup", "shop"));
        await new BackupTest(member, new BackupTestRequest(level, sets is null ? [] : [sets]) { Newest = newest }, changes, output).RunAsync(default);
        return (output, journal);
    }

    private string At(string name) => Path.Combine(_folder, name);
}
