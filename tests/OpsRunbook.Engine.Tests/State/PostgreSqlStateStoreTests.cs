using OpsRunbook.Engine.Databases;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Engine.State;
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
    public async Task A_connection_that_was_cut_is_made_again_and_its_lock_is_lost()
    {
        var server = await Servers.PostgreSqlAsync();
        await using var store = await OpenAsync();
        await store.WriteAsync("incident", "INC-1", Json("{}"), open: true, 0, default);
        var held = await store.LockAsync("window", "Start-MaintenanceWindow", default);
        using var lost = new CancellationTokenSource();
        await using var told = held.Lost.Register(lost.Cancel);

        await server.ExecuteAsync($"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'OpsRunbook' AND query LIKE '%{_schema.Replace("\"", "\"\"", StringComparison.Ordinal)}%'");
        await server.ExecuteAsync($"SELECT pg_terminate_backend(backend) FROM {Quoted}.locks");

        Assert.Equal(2, await store.WriteAsync("incident", "INC-1", Json("{}"), open: true, 1, default));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.Delay(TimeSpan.FromSeconds(30), lost.Token));
        await held.DisposeAsync();
        await using var again = await store.LockAsync("window", "x", default);
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

    // Its session is not disposed: a local host holds nothing.
    private PostgreSqlStateStore Open(PostgreSqlServer server, TimeSpan? timeout = null)
    {
        var session = new StackSession(StackOf(server, timeout));
        return new PostgreSqlStateStore(new DatabaseMember(session, "shared", session.Stack.Databases["shared"]), _schema);
    }

    private OpsStack StackOf(PostgreSqlServer server, TimeSpan? timeout = null) => new()
    {
        Name = "shop",
        Databases =
        {
            ["shared"] = new StackDatabase
            {
                Engine = DatabaseEngine.Postgres,
                Server = server.Host,
                Port = server.Port,
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
