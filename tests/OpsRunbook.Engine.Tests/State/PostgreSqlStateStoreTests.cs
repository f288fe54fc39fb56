using OpsRunbook.Engine.Databases;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Engine.State;
using OpsRunbook.Engine.Tests.Cache;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.State;

public sealed class PostgreSqlStateStoreTests : StateStoreTests
{
    private readonly string _schema = "state \"" + Guid.NewGuid().ToString("N")[..8];

    private string Quoted => PostgreSqlSession.Identifier(_schema);

    [SkippableFact]
    public async Task The_stack_says_where_it_is_and_the_password_is_not_shown()
    {
        var server = await Servers.PostgreSqlAsync();
        await using var session = new StackSession(StackOf(server));

        await session.State.WriteAsync("incident", "INC-1", Json("{}"), open: true, 0, default);

        Assert.Contains("'shared' (127.0.0.1, postgres.", session.State.Location, StringComparison.Ordinal);
        Assert.DoesNotContain(server.Password, session.State.Location, StringComparison.Ordinal);
        Assert.Equal(1L, await server.ExecuteAsync($"SELECT count(*) FROM {Quoted}.documents"));
    }

    [SkippableFact]
    public async Task State_in_another_engine_is_refused()
    {
        await using var session = new StackSession(new OpsStack
        {
            Name = "shop",
            Databases = { ["shared"] = new StackDatabase { Engine = DatabaseEngine.MySql } },
            State = new StackState { Postgres = "shared" },
        });

        Assert.Equal("State.EngineUnsuitable", Assert.Throws<OpsException>(() => session.State).Id);
    }

    [SkippableFact]
    public async Task A_newer_schema_is_refused_by_name_and_stays_as_it_is()
    {
        var server = await Servers.PostgreSqlAsync();
        await using (var store = await OpenAsync())
        {
            await store.WriteAsync("incident", "INC-1", Json("{}"), open: true, 0, default);
        }

        await server.ExecuteAsync($"UPDATE {Quoted}.schema_version SET version = 99");
        await using var older = await OpenAsync();
        foreach (var work in (Func<Task>[])
        [
            () => older.ListAsync("incident", onlyOpen: true, default),
            () => older.WriteAsync("incident", "INC-2", Json("{}"), open: true, 0, default),
            () => older.LockAsync("window", "x", default),
        ])
        {
            var error = await Assert.ThrowsAsync<OpsException>(work);
            Assert.Equal("State.TooNew", error.Id);
            Assert.Contains(_schema, error.Message, StringComparison.Ordinal);
        }

        Assert.Equal("Journal.NotReadable", (await Assert.ThrowsAsync<OpsException>(() => JournalHistory.ReadAsync(older.Journal, null, null, new RecordedOutput(), default))).Id);
        Assert.Equal(99, await server.ExecuteAsync($"SELECT version FROM {Quoted}.schema_version"));

        await server.ExecuteAsync($"DELETE FROM {Quoted}.schema_version");
        Assert.Equal("State.Corrupt", (await Assert.ThrowsAsync<OpsException>(() => older.ListAsync("incident", onlyOpen: true, default))).Id);
        await server.ExecuteAsync($"INSERT INTO {Quoted}.schema_version VALUES (1); DROP TABLE {Quoted}.documents");
        Assert.Equal("State.NotReadable", (await Assert.ThrowsAsync<OpsException>(() => older.ListAsync("incident", onlyOpen: true, default))).Id);
    }

    [SkippableFact]
    public async Task A_schema_that_was_made_only_in_part_does_not_exist()
    {
        var server = await Servers.PostgreSqlAsync();
        await server.ExecuteAsync($"CREATE SCHEMA {Quoted}; CREATE TABLE {Quoted}.locks (x int)");
        await using var store = await OpenAsync();

        await Assert.ThrowsAsync<OpsException>(() => store.ListAsync("incident", onlyOpen: true, default));
        Assert.Equal(false, await server.ExecuteAsync($"SELECT to_regclass('{Quoted}.schema_version') IS NOT NULL"));
        await server.ExecuteAsync($"DROP TABLE {Quoted}.locks");
        Assert.Empty(await store.ListAsync("incident", onlyOpen: true, default));
    }

    [SkippableFact]
    public async Task A_connection_that_was_cut_is_made_again_and_its_lock_is_taken_again()
    {
        var server = await Servers.PostgreSqlAsync();
        await using var store = await OpenAsync();
        await store.WriteAsync("incident", "INC-1", Json("{}"), open: true, 0, default);
        var held = await store.LockAsync("window", "Start-MaintenanceWindow", default);

        await server.ExecuteAsync($"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'OpsRunbook' AND query LIKE '%{_schema.Replace("\"", "\"\"", StringComparison.Ordinal)}%'");
        await server.ExecuteAsync($"SELECT pg_terminate_backend(backend) FROM {Quoted}.locks");

        // Before anything is written it is known whether the lock is still there.
        Assert.Equal(2, await store.WriteAsync("incident", "INC-1", Json("{}"), open: true, 1, default));
        Assert.False(held.Lost.IsCancellationRequested);
        await using var other = await OpenAsync();
        var refused = await Assert.ThrowsAsync<OpsException>(() => other.LockAsync("window", "x", default));
        Assert.Contains($"process {Environment.ProcessId}", refused.Message, StringComparison.Ordinal);
        await held.DisposeAsync();
        await using var again = await other.LockAsync("window", "x", default);
        Assert.Equal(1L, await server.ExecuteAsync($"SELECT count(*) FROM {Quoted}.locks"));
    }

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_lock_that_somebody_else_has_had_since_the_connection_was_cut_is_lost(bool still)
    {
        var server = await Servers.PostgreSqlAsync();
        await using var store = await OpenAsync();
        await store.WriteAsync("incident", "INC-1", Json("{}"), open: true, 0, default);
        await using var held = await store.LockAsync("window", "Start-MaintenanceWindow", default);
        using var lost = new CancellationTokenSource();
        await using var told = held.Lost.Register(lost.Cancel);

        // The other one queues for it, so that nobody can be quicker, and writes what every holder writes.
        await using var other = new Npgsql.NpgsqlConnection(server.ConnectionString);
        await other.OpenAsync();
        var waiting = RunAsync(other, $"SELECT pg_advisory_lock(hashtextextended('{_schema.Replace("'", "''", StringComparison.Ordinal)}/window', 0))");
        while (!Equals(await server.ExecuteAsync("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"), 1L))
        {
            await Task.Delay(20);
        }

        await server.ExecuteAsync($"SELECT pg_terminate_backend(backend) FROM {Quoted}.locks");
        await waiting;
        await RunAsync(other, $"UPDATE {Quoted}.locks SET backend = pg_backend_pid(), holder = '{{}}'");
        if (!still)
        {
            await RunAsync(other, $"DELETE FROM {Quoted}.locks; SELECT pg_advisory_unlock_all()");
        }

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.Delay(TimeSpan.FromSeconds(30), lost.Token));
    }

    [SkippableFact]
    public async Task What_was_written_without_an_answer_is_not_taken_for_the_work_of_somebody_else()
    {
        await using var server = await Servers.NewPostgreSqlAsync();
        await using var proxy = new CuttingProxy(server.Port, string.Empty, 0) { Text = $"UPDATE {Quoted}.documents", Cutting = server.KillAsync };
        await using var store = Open(server, port: proxy.Port);
        await store.WriteAsync("window", "w", Json("{}"), open: true, 0, default);

        var error = await Assert.ThrowsAsync<OpsException>(() => store.WriteAsync("window", "w", Json("""{"is":"written"}"""), open: true, 1, default));
        Assert.Equal("State.NotWritten", error.Id);
        await Assert.ThrowsAsync<OpsException>(() => store.WriteAsync("window", "w", Json("""{"is":"not written"}"""), open: true, 1, default));
        await server.StartAsync();
        Assert.Equal("""{"is": "written"}""", await server.ExecuteAsync($"SELECT content::jsonb::text FROM {Quoted}.documents"));

        // Straight: the proxy cuts each of them.
        await using var other = Open(server);
        Assert.Equal("State.Changed", (await Assert.ThrowsAsync<OpsException>(() => other.WriteAsync("window", "w", Json("{}"), open: true, 1, default))).Id);
        proxy.Passes = true;
        Assert.Equal(3, await store.WriteAsync("window", "w", Json("""{"is":"next"}"""), open: true, 1, default));
        Assert.Equal("State.Changed", (await Assert.ThrowsAsync<OpsException>(() => store.WriteAsync("window", "w", Json("{}"), open: true, 1, default))).Id);
    }

    [SkippableFact]
    public async Task A_server_that_is_restarted_is_waited_for_and_one_that_is_away_is_named()
    {
        await using var server = await Servers.NewPostgreSqlAsync();
        await using var store = Open(server, TimeSpan.FromSeconds(2));
        await store.WriteAsync("incident", "INC-1", Json("{}"), open: true, 0, default);

        await server.KillAsync();
        var writing = store.WriteAsync("incident", "INC-1", Json("""{"now":"back"}"""), open: true, 1, default);
        await server.StartAsync();
        Assert.Equal(2, await writing);
        await server.KillAsync();
        var locking = store.LockAsync("window", "x", default);
        await server.StartAsync();
        await (await locking).DisposeAsync();

        // Somebody else keeps the table to himself.
        await using (var blocker = new Npgsql.NpgsqlConnection(server.ConnectionString))
        {
            await blocker.OpenAsync();
            await using var begin = new Npgsql.NpgsqlCommand($"BEGIN; LOCK {Quoted}.documents", blocker);
            await begin.ExecuteNonQueryAsync();
            var silent = await Assert.ThrowsAsync<OpsException>(() => store.WriteAsync("incident", "INC-1", Json("{}"), open: true, 2, default));
            Assert.Equal(("State.NotWritten", OpsErrorKind.Timeout), (silent.Id, silent.Kind));
        }

        await server.StopAsync();
        var error = await Assert.ThrowsAsync<OpsException>(() => store.ListAsync("incident", onlyOpen: true, default));
        Assert.Equal(("State.NotReadable", OpsErrorKind.Connection), (error.Id, error.Kind));
        Assert.Contains("'shared'", error.Message, StringComparison.Ordinal);
        Assert.Equal("Journal.NotWritten", (await Assert.ThrowsAsync<OpsException>(() => store.Journal.AppendAsync(Record("1"), default))).Id);
        Assert.Equal("State.NotWritten", (await Assert.ThrowsAsync<OpsException>(() => store.LockAsync("window", "x", default))).Id);
    }

    [SkippableFact]
    public async Task A_record_that_is_sent_twice_is_there_once()
    {
        await using var store = await OpenAsync();
        await store.Journal.AppendAsync(Record("1"), default);
        await store.Journal.AppendAsync(Record("1"), default);

        Assert.Equal(1L, await (await Servers.PostgreSqlAsync()).ExecuteAsync($"SELECT count(*) FROM {Quoted}.journal"));
    }

    [SkippableFact]
    public async Task What_is_no_record_is_an_error_and_the_others_are_read()
    {
        await using var store = await OpenAsync();
        await store.Journal.AppendAsync(Record("1"), default);
        await (await Servers.PostgreSqlAsync()).ExecuteAsync($$"""INSERT INTO {{Quoted}}.journal (change_id, phase, record) VALUES ('x', 'y', '{"time":5}')""");
        await store.Journal.AppendAsync(Record("2"), default);
        var output = new RecordedOutput();

        Assert.Equal(["1", "2"], (await JournalHistory.ReadAsync(store.Journal, null, null, output, default)).Select(change => change.ChangeId));
        Assert.Equal("Journal.Corrupt", Assert.Single(output.Errors).Id);
    }

    private protected override async Task<IStateStore> OpenAsync() => Open(await Servers.PostgreSqlAsync());

    private static async Task RunAsync(Npgsql.NpgsqlConnection connection, string sql)
    {
#pragma warning disable CA2100 // The SQL is the test's own.
        await using var command = new Npgsql.NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
    }

    // Its session is not disposed: a local host holds nothing.
    private PostgreSqlStateStore Open(PostgreSqlServer server, TimeSpan? timeout = null, int? port = null)
    {
        var session = new StackSession(StackOf(server, timeout, port));
        return new PostgreSqlStateStore(new DatabaseMember(session, "shared", session.Stack.Databases["shared"]), _schema);
    }

    private OpsStack StackOf(PostgreSqlServer server, TimeSpan? timeout = null, int? port = null) => new()
    {
        Name = "shop",
        Databases =
        {
            ["shared"] = new StackDatabase
            {
                Engine = DatabaseEngine.Postgres,
                Server = server.Host,
                Port = port ?? server.Port,
                Tls = port is null ? null : "disable",
                User = server.User,
                Password = SecretReference.Plain(server.Password),
                Database = server.Database,
                Timeout = timeout,
            },
        },
        State = new StackState { Postgres = "shared", Schema = _schema },
    };

    private static JournalRecord Record(string change) => new()
    {
        Time = DateTime.UtcNow,
        ChangeId = change,
        Phase = JournalPhase.Started,
        Command = "Test-Command",
        Action = "Restart",
        Target = "api",
        Host = "local",
        User = "root",
        Machine = "here",
        ProcessId = 1,
    };
}
