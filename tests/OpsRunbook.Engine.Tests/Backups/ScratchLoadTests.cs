using System.Globalization;
using Npgsql;
using OpsRunbook.Engine.Backups;
using OpsRunbook.Engine.Databases;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Engine.Tests.Databases;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Backups;

/// <summary>A test restores without the write-ahead log where the server allows it, says nothing about a set when the server failed, and works inside containers.</summary>
public sealed class ScratchLoadTests
{
    // Counts one more than the tables without a log: none at all would be an answer that says no.
    private const string Unlogged = "SELECT count(*) + 1 FROM pg_class WHERE relkind = 'r' AND relpersistence = 'u'";

    private const string Related = """
        CREATE TABLE parent (id int PRIMARY KEY, a text);
        CREATE TABLE heir (b int) INHERITS (parent);
        CREATE TABLE child (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, parent int NOT NULL REFERENCES parent, twice int GENERATED ALWAYS AS (parent * 2) STORED);
        CREATE INDEX ON child USING hash (parent);
        INSERT INTO parent SELECT n, md5(n::text) FROM generate_series(1, 300) n; INSERT INTO heir SELECT n, 'h', n FROM generate_series(1000, 1049) n; INSERT INTO child (parent) SELECT n FROM generate_series(1, 200) n;
        CREATE MATERIALIZED VIEW sums AS SELECT count(*) FROM child;
        """;

    [SkippableTheory]
    [InlineData("", "4", 3, 550)]
    [InlineData("CREATE TABLE holder (held parent)", "1", 4, 550)]
    [InlineData("CREATE TABLE events (parent int REFERENCES parent, day int) PARTITION BY RANGE (day); CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (10); INSERT INTO events VALUES (1, 1)", "1", 4, 551)]
    public async Task An_ordinary_role_restores_without_a_log_all_tables_or_none(string more, string answer, int tables, long rows)
    {
        var server = await Servers.PostgreSqlAsync();
        var database = await server.CreateDatabaseAsync();
        var (role, password) = ("tester_" + database, TestRun.NewPassword());
        await server.ExecuteAsync($"CREATE ROLE {role} LOGIN CREATEDB PASSWORD '{password}'; ALTER DATABASE {database} OWNER TO {role}; ALTER SCHEMA public OWNER TO {role}", database);
        await server.ExecuteAsync($"SET ROLE {role}; {Related} {more}", database);
        var definition = DatabaseFixtures.Of(server, database);
        (definition.User, definition.Password) = (role, SecretReference.Parse(password));
        await using var backup = new TestBackup(definition);
        backup.Definition.TestQuery = Unlogged;
        foreach (var format in new[] { BackupFormat.PostgreSqlCustom, BackupFormat.PostgreSqlDirectory })
        {
            await backup.MakeAsync(new BackupRequest(format, CountRows: true));
        }

        var tests = await TestAsync(backup);

        Assert.Empty(backup.Output.Errors);
        Assert.Equal(2, tests.Count);
        Assert.All(tests, test => Assert.True(test.Passed, test.Message));
        Assert.All(tests, test => Assert.Equal((answer, tables, rows), (test.Answer, test.Tables!.Value, test.Rows!.Value)));
        Assert.All(tests, test => Assert.Contains("as many as were backed up", test.Message, StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task A_server_that_fails_in_the_middle_says_nothing_about_the_set()
    {
        await using var server = await Servers.NewPostgreSqlAsync();
        var database = await server.CreateDatabaseAsync();
        await server.ExecuteAsync("CREATE TABLE t AS SELECT generate_series(1, 100) AS a", database);
        await using var backup = TestBackup.Of(server, database);
        await backup.MakeAsync();

        // What such a server would have answered afterwards: rows, and that there are none.
        foreach (var end in new[] { "ended", "NOT ended" })
        {
            backup.Output = new RecordedOutput();
            backup.Definition.TestQuery = $"SELECT count(*) FROM t, (SELECT bool_and(pg_terminate_backend(pid)) AS ended FROM pg_stat_activity WHERE datname = 'postgres' AND backend_type = 'client backend') e WHERE {end}";
            Assert.Empty(await TestAsync(backup));
            Assert.NotEmpty(backup.Output.Errors);
            Assert.Null(Assert.Single(await backup.SetsAsync()).LastVerdict);
        }

        // A process of the server that is killed takes all others with it, and rows without a log are gone.
        await using var session = new StackSession(new OpsStack());
        var set = Assert.Single(await backup.SetsAsync());
        var scratch = await ScratchDatabase.CreateAsync(DatabaseFixtures.Member(session, DatabaseFixtures.Of(server, database)), backup.Output, _ => Task.CompletedTask, default);
        await using (scratch)
        {
            await scratch.Server.LoadAsync(set, new SetCheck(set), scratch.Name, new LoadOptions(IsScratch: true), default);
            Assert.Equal(100, Assert.Single(await scratch.Server.CountAsync(scratch.Name, default)).Rows);
            await scratch.Server.RequireSameAsync(default);
            await using var victim = new NpgsqlConnection(server.ConnectionString);
            await victim.OpenAsync();
            await Tool.RunAsync("kill", ["-9", victim.ProcessID.ToString(CultureInfo.InvariantCulture)]);
            await DatabaseFixtures.EventuallyAsync(() => EmptyAsync(server, scratch.Name));
            await Assert.ThrowsAsync<OpsException>(() => scratch.Server.RequireSameAsync(default));
        }

        // The next test finds a server that runs, and drops what those have left.
        (backup.Output, backup.Definition.TestQuery) = (new RecordedOutput(), "SELECT count(*) FROM t");
        Assert.True(Assert.Single(await TestAsync(backup)).Passed);
        Assert.Contains(backup.Output.Warnings, warning => warning.Contains(scratch.Name, StringComparison.Ordinal));
        Assert.Equal(0L, await server.ExecuteAsync($"SELECT count(*) FROM pg_database WHERE datname LIKE '{ScratchDatabase.Prefix}%'"));
    }

    [SkippableFact]
    public async Task A_server_in_a_container_is_restored_into_from_outside_and_from_inside()
    {
        var docker = await Servers.DockerAsync();
        var programs = (await Servers.PostgreSqlAsync()).ProgramFolder;
        var image = await ImageAsync(docker, programs);
        var (name, password) = (docker.NewName("pg"), TestRun.NewPassword());
        await docker.RunContainerAsync("--name", name, "--user", "postgres", "--env", $"DB_PASSWORD={password}", "--env", $"PATH={programs}:/usr/bin:/bin", image, "sh", "/entry.sh");
        try
        {
            await DatabaseFixtures.EventuallyAsync(async () => await ExecuteAsync("SELECT 'ready'") is [_, ..] answer ? answer : null);
            await ExecuteAsync("CREATE DATABASE shop");
            await ExecuteAsync(Related, "shop");
            var definition = new StackDatabase
            {
                Engine = DatabaseEngine.Postgres,
                Host = "box",
                Server = "127.0.0.1",
                Port = 5432,
                User = "postgres",
                Password = SecretReference.Parse(password),
                Database = "shop",
                Timeout = TimeSpan.FromSeconds(20),
            };

            // The sets lie on this machine, and in the container itself.
            await using var outside = new TestBackup(definition, change: stack => stack.Hosts["box"] = Box());
            await using var inside = new TestBackup(definition, "/tmp/sets", stack =>
            {
                stack.Hosts["box"] = Box();
                stack.Backups["db"].Host = "box";
            });
            foreach (var format in new[] { BackupFormat.PostgreSqlCustom, BackupFormat.PostgreSqlPlain })
            {
                await outside.MakeAsync(new BackupRequest(format, CountRows: true));
                await docker.ExecuteAsync("cp", (await outside.SetsAsync())[^1].Path, $"{name}:/tmp/sets/");
            }

            await docker.ExecuteAsync("exec", "--user", "root", name, "chown", "-R", "postgres", "/tmp/sets");
            foreach (var backup in new[] { outside, inside })
            {
                backup.Definition.TestQuery = "SELECT sum(twice) FROM child";
                var tests = await TestAsync(backup);
                Assert.Empty(backup.Output.Errors);
                Assert.Equal([(true, 3, 550L, "40200"), (true, 3, 550L, "40200")], tests.Select(test => (test.Passed, test.Tables!.Value, test.Rows!.Value, test.Answer!)));
            }

            // Nor do tests that nobody wants any more leave anything.
            var archive = (await inside.SetsAsync())[0].Name;
            foreach (var moment in new[] { 1, 300, 700 })
            {
                using var cancel = new CancellationTokenSource();
                inside.Output = new RecordedOutput { Progressed = () => cancel.CancelAfter(moment) };
                try
                {
                    await new BackupTest(inside.Member, new BackupTestRequest(BackupLevel.Restore, [archive]), inside.Changes(), inside.Output).RunAsync(cancel.Token);
                }
                catch (OperationCanceledException)
                {
                    // It was not quicker.
                }
            }

            Assert.Equal("postgres,shop,template0,template1", (await ExecuteAsync("SELECT string_agg(datname, ',' ORDER BY datname) FROM pg_database")).Trim());

            // Here the server is the parent of every process that has lost its own: one that ends by a signal looks to it as if one of its sessions had failed.
            Assert.DoesNotContain("terminated by signal", await Tool.RunAsync("sh", ["-c", $"docker -H {docker.Address} logs {name} 2>&1"]), StringComparison.Ordinal);
            Assert.Empty((await docker.ExecuteAsync("exec", name, "find", "/tmp", "-type", "f", "!", "-path", "/tmp/data/*", "!", "-path", "/tmp/sets/*")).Trim());
        }
        finally
        {
            await docker.ExecuteAsync("rm", "--force", name);
        }

        StackHost Box() => new() { Container = name, Docker = docker.Address };

        async Task<string> ExecuteAsync(string sql, string database = "postgres") =>
            (await Tool.TryRunAsync("docker", ["-H", docker.Address, "exec", "--env", $"PGPASSWORD={password}", name, "psql", "-h", "127.0.0.1", "-U", "postgres", "-d", database, "-v", "ON_ERROR_STOP=1", "-qAtc", sql])).Output;
    }

    // The server of this machine with its programs: there is no registry.
    private static Task<string> ImageAsync(DockerEngine docker, string programs)
    {
        var libraries = Directory.GetFiles(Path.Combine(programs, "../lib"), "*.so").Select(Path.GetFullPath).Where(file => !Path.GetFileName(file).StartsWith("llvm", StringComparison.Ordinal));
        return docker.ImageOfProgramsAsync(
            "opsrunbook-test/postgresql:1",
            [.. ((string[])["postgres", "initdb", "psql", "pg_dump", "pg_restore"]).Select(program => Path.Combine(programs, program)), Tool.Require("busybox", "Docker", "busybox-static")],
            [.. libraries, $"/usr/share/postgresql/{Path.GetFileName(Path.GetDirectoryName(programs))}", "/usr/share/zoneinfo/UTC"],
            new Dictionary<string, string>
            {
                ["/entry.sh"] = $"""
                    set -e
                    mkdir /tmp/sets
                    printf '%s\n' "$DB_PASSWORD" > /tmp/password
                    {programs}/initdb -D /tmp/data -U postgres -A scram-sha-256 --pwfile=/tmp/password -E UTF8 --locale=C --no-sync
                    rm /tmp/password
                    exec {programs}/postgres -D /tmp/data -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off -c jit=off

                    """,
            });
    }

    private static async Task<string?> EmptyAsync(PostgreSqlServer server, string database)
    {
        try
        {
            return Equals(await server.ExecuteAsync("SELECT count(*) FROM t", database), 0L) ? "empty" : null;
        }
        catch (NpgsqlException)
        {
            // It is starting again.
            return null;
        }
    }

    private static async Task<IReadOnlyList<DbBackupTest>> TestAsync(TestBackup backup)
    {
        await new BackupTest(backup.Member, new BackupTestRequest(BackupLevel.Restore, []), backup.Changes(), backup.Output).RunAsync(default);
        return backup.Output.Items.OfType<DbBackupTest>().ToList();
    }
}
