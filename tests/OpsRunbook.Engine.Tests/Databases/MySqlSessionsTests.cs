using System.Diagnostics;
using OpsRunbook.Engine.Databases;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Fixtures;
using static OpsRunbook.Engine.Tests.Databases.DatabaseFixtures;

namespace OpsRunbook.Engine.Tests.Databases;

public sealed class MySqlSessionsTests
{
    [SkippableFact]
    public async Task Lists_clients_of_this_database_without_system_threads_and_itself()
    {
        var server = await Servers.MariaDbAsync();
        var (name, other) = (await server.CreateDatabaseAsync(), await server.CreateDatabaseAsync());
        await server.ExecuteAsync("SET GLOBAL event_scheduler = ON");
        await using var here = await ClientAsync(server, name);
        await using var there = await ClientAsync(server, other);

        // What the runbook asks is no statement at all.
        await Assert.ThrowsAnyAsync<Exception>(() => server.ExecuteAsync("SHOW FULL PROCESSLIST WHERE TIME > 30"));
        var session = Assert.Single(await ListAsync(Of(server, name)));
        Assert.Equal((DbSessionState.Idle, DbSessionKind.Client, name, here.Id), (session.State, session.Kind, session.Catalog, session.Id));
        var all = await ListAsync(Of(server, name), all: true);
        Assert.Contains(all, one => one.Id == there.Id);
        Assert.DoesNotContain(all, one => one.User is "event_scheduler" or "system user");
    }

    [SkippableFact]
    public async Task A_query_is_cancelled_and_the_connection_is_left()
    {
        var server = await Servers.MariaDbAsync();
        var name = await server.CreateDatabaseAsync();
        await using var client = await ClientAsync(server, name);
        var running = client.Session.QueryAsync("SELECT SLEEP(600), 'some literal'", default);
        var seen = await EventuallyAsync(async () => (await ListAsync(Of(server, name), new SessionFilter { RunningFor = TimeSpan.FromMilliseconds(100) })).FirstOrDefault());
        Assert.Contains("SLEEP(600)", seen.Query, StringComparison.Ordinal);

        var stopped = Assert.Single((await StopAsync(Of(server, name), [Seen(seen)])).Items.OfType<DbSessionStop>());
        Assert.Equal((DbSessionOutcome.Cancelled, HealthStatus.Healthy), (stopped.Outcome, stopped.Status));
        Assert.Equal("SELECT SLEEP(?), ?", stopped.Query);

        // The statement was interrupted; a connection that was ended would have been lost.
        Assert.Contains("(1317)", (await Assert.ThrowsAsync<OpsException>(() => running)).Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task An_idle_connection_is_ended_and_one_that_took_up_work_is_not()
    {
        var server = await Servers.MariaDbAsync();
        var name = await server.CreateDatabaseAsync();
        await using var leaks = await ClientAsync(server, name);
        await using var busy = await ClientAsync(server, name);
        await Task.Delay(4500);
        var seen = await ListAsync(Of(server, name), new SessionFilter { IdleFor = TimeSpan.FromSeconds(4) });
        Assert.Equal(2, seen.Count);
        await busy.Session.QueryAsync("SELECT 1", default);

        var output = await StopAsync(Of(server, name), seen.Select(Seen));
        Assert.Equal((DbSessionOutcome.Terminated, leaks.Id), output.Items.OfType<DbSessionStop>().Select(one => (one.Outcome, one.Id)).Single());
        Assert.Equal("Guard.SessionMoved", Assert.Single(output.Errors).Id);
        await busy.Session.QueryAsync("SELECT 1", default);
        await Assert.ThrowsAsync<OpsException>(() => leaks.Session.QueryAsync("SELECT 1", default));
    }

    [SkippableFact]
    public async Task An_open_transaction_with_its_locks_and_victims_is_told_and_ended_only_when_that_was_said()
    {
        var server = await Servers.MariaDbAsync();
        var name = await server.CreateDatabaseAsync();
        await server.ExecuteAsync("CREATE TABLE t(id INT PRIMARY KEY, n INT); INSERT INTO t VALUES (1, 1)", name);
        await using var holder = await ClientAsync(server, name);
        await using var waiter = await ClientAsync(server, name);
        await holder.Session.QueryAsync("START TRANSACTION", default);
        await holder.Session.QueryAsync("UPDATE t SET n = 2", default);
        var waiting = waiter.Session.QueryAsync("UPDATE t SET n = 3", default);
        var blocked = await EventuallyAsync(async () => (await ListAsync(Of(server, name))).Find(session => session.BlockedBy.Count > 0));
        Assert.Equal((waiter.Id, holder.Id), (blocked.Id, Assert.Single(blocked.BlockedBy)));

        var seen = (await ListAsync(Of(server, name), new SessionFilter { States = [DbSessionState.IdleInTransaction] })).Single();
        Assert.Equal("Guard.OpenTransaction", Assert.Single((await StopAsync(Of(server, name), [Seen(seen)])).Errors).Id);
        var stopped = Assert.Single((await StopAsync(Of(server, name), [Seen(seen)], terminate: true)).Items.OfType<DbSessionStop>());
        Assert.Equal(DbSessionOutcome.Terminated, stopped.Outcome);
        Assert.Equal([waiter.Id], stopped.Blocked);
        Assert.Contains("1 rows changed", Assert.Single(stopped.Locks), StringComparison.Ordinal);
        await waiting;
        Assert.Equal("3", (await server.ExecuteAsync("SELECT n FROM t", name)).Trim());
    }

    [SkippableFact]
    public async Task A_number_of_an_earlier_run_of_the_server_and_a_dump_are_left_alone()
    {
        var server = await Servers.MariaDbAsync();
        var name = await server.CreateDatabaseAsync();
        await using var client = await ClientAsync(server, name);
        var seen = Assert.Single(await ListAsync(Of(server, name)));
        var gone = await StopAsync(Of(server, name), [Seen(seen) with { ServerStartedAt = seen.ServerStartedAt!.Value.AddMinutes(-1) }], force: "a test");
        Assert.Equal("Db.SessionGone", Assert.Single(gone.Errors).Id);

        var dump = client.Session.QueryAsync("SELECT /*!40001 SQL_NO_CACHE */ SLEEP(600)", default);
        seen = await EventuallyAsync(async () => (await ListAsync(Of(server, name))).Find(session => session.State == DbSessionState.Active));
        Assert.Equal(DbSessionKind.Backup, seen.Kind);
        Assert.Equal("Guard.ProtectedSession", Assert.Single((await StopAsync(Of(server, name), [Seen(seen)], terminate: true)).Errors).Id);
        Assert.False(dump.IsCompleted);
        await StopAsync(Of(server, name), [Seen(seen)], force: "the end of the test");
        await Assert.ThrowsAsync<OpsException>(() => dump);
    }

    [SkippableFact]
    public async Task A_full_server_lets_the_administrator_in_and_says_so_to_others()
    {
        await using var server = await Servers.NewMariaDbAsync("--max-connections=10");
        await server.ExecuteAsync("CREATE USER app@'127.0.0.1' IDENTIFIED BY 'app-Pass-1'; GRANT ALL ON mysql.* TO app@'127.0.0.1'");
        var mine = Of(server);
        (mine.User, mine.Password) = ("app", SecretReference.Parse("app-Pass-1"));
        var open = new List<Client>();
        try
        {
            OpsException? full = null;
            while (full is null)
            {
                try
                {
                    open.Add(await ClientAsync(server, "mysql", "app", "app-Pass-1"));
                }
                catch (OpsException error)
                {
                    full = error;
                }
            }

            var refused = await Assert.ThrowsAsync<OpsException>(() => ListAsync(mine));
            Assert.Equal("Db.TooManyConnections", refused.Id);
            Assert.Contains("-Credential", refused.NextStep, StringComparison.Ordinal);
            var found = await ListAsync(Of(server), new SessionFilter { Users = ["app"] });
            Assert.Equal(10, found.Count);
            var stopped = await StopAsync(Of(server), found.Take(3).Select(Seen));
            Assert.Equal(3, stopped.Items.OfType<DbSessionStop>().Count(one => one.Outcome == DbSessionOutcome.Terminated));
            Assert.NotEmpty(await ListAsync(mine));
        }
        finally
        {
            foreach (var client in open)
            {
                await client.DisposeAsync();
            }
        }
    }

    [SkippableFact]
    public async Task A_user_who_sees_only_himself_is_told_so()
    {
        var server = await Servers.MariaDbAsync();
        var name = await server.CreateDatabaseAsync();
        await server.ExecuteAsync($"CREATE OR REPLACE USER small@'127.0.0.1' IDENTIFIED BY 'small-Pass-1'; GRANT SELECT ON {name}.* TO small@'127.0.0.1'");
        await using var client = await ClientAsync(server, name);
        var database = Of(server, name);
        (database.User, database.Password) = ("small", SecretReference.Parse("small-Pass-1"));
        var output = new RecordedOutput();
        Assert.Empty(await ListAsync(database, output: output));
        Assert.Contains("PROCESS", Assert.Single(output.Warnings), StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Hostile_names_of_users_and_databases_are_found_by_themselves()
    {
        var server = await Servers.MariaDbAsync();
        foreach (var hostile in HostileNames.Where(name => name.EnumerateRunes().All(rune => rune.IsBmp)))
        {
            await server.ExecuteAsync($"CREATE DATABASE IF NOT EXISTS {MySqlSession.Identifier(hostile)}");
            await using var client = await ClientAsync(server, hostile);
            var session = Assert.Single(await ListAsync(Of(server, hostile)));
            Assert.Equal((hostile, client.Id), (session.Catalog, session.Id));
            await StopAsync(Of(server, hostile), [Seen(session)]);
            await server.ExecuteAsync($"DROP DATABASE {MySqlSession.Identifier(hostile)}");
        }
    }

    [SkippableFact]
    public async Task A_server_that_falls_silent_ends_the_look_within_the_timeout()
    {
        await using var server = await Servers.NewMariaDbAsync();
        await using var postgres = await Servers.NewPostgreSqlAsync();
        foreach (var (database, freeze, thaw) in new (StackDatabase, Func<Task>, Func<Task>)[] { (Of(server), server.FreezeAsync, server.ThawAsync), (Of(postgres), postgres.FreezeAsync, postgres.ThawAsync) })
        {
            database.Timeout = TimeSpan.FromSeconds(1);
            await freeze();
            var watch = Stopwatch.StartNew();
            try
            {
                Assert.Equal("Db.Timeout", (await Assert.ThrowsAsync<OpsException>(() => ListAsync(database))).Id);
                Assert.True(watch.Elapsed < TimeSpan.FromSeconds(5), $"{watch.Elapsed}");
            }
            finally
            {
                await thaw();
            }
        }
    }

    internal static async Task<Client> ClientAsync(MariaDbServer server, string database, string? user = null, string? password = null)
    {
        var target = new DatabaseTarget(
            new LocalHost(),
            new StackDatabase { Engine = DatabaseEngine.MariaDb, Server = server.Host, Port = server.Port, User = user ?? server.User, Database = database },
            password ?? server.Password,
            TimeSpan.FromSeconds(20));
        var session = await MySqlSession.OpenAsync(target, default);
        try
        {
            return new Client(session, (await session.RowAsync("SELECT CONNECTION_ID() AS id", default)).Number("id")!.Value);
        }
        catch
        {
            await session.DisposeAsync();
            throw;
        }
    }

    internal sealed record Client(MySqlSession Session, long Id) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => Session.DisposeAsync();
    }
}
