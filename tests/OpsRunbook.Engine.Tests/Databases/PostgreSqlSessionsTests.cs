using Npgsql;
using OpsRunbook.Engine.Databases;
using OpsRunbook.Fixtures;
using static OpsRunbook.Engine.Tests.Databases.DatabaseFixtures;

namespace OpsRunbook.Engine.Tests.Databases;

public sealed class PostgreSqlSessionsTests
{
    [SkippableFact]
    public async Task Lists_clients_of_this_database_only_and_never_itself()
    {
        var server = await Servers.PostgreSqlAsync();
        var (name, other) = (await server.CreateDatabaseAsync(), await server.CreateDatabaseAsync());
        await using var here = await ConnectAsync(server, "here", name);
        await using var there = await ConnectAsync(server, "there", other);

        var found = await ListAsync(Of(server, name));
        var session = Assert.Single(found);
        Assert.Equal(("here", DbSessionState.Idle, DbSessionKind.Client, here.ProcessID), (session.Application, session.State, session.Kind, session.Id));
        Assert.Equal(name, session.Catalog);
        Assert.NotNull(session.StartedAt);

        // The background processes that count(*) on pg_stat_activity counts too are never among them.
        var all = await ListAsync(Of(server, name), all: true);
        Assert.Contains(all, session => session.Application == "there");
        Assert.DoesNotContain(all, session => session.Application == "OpsRunbook" && session.Catalog == name);
        Assert.True(all.Count < (long)(await server.ExecuteAsync("SELECT count(*) FROM pg_stat_activity"))!);
    }

    [SkippableFact]
    public async Task Idle_goes_by_the_change_of_state_not_by_the_start_of_the_statement()
    {
        var server = await Servers.PostgreSqlAsync();
        var name = await server.CreateDatabaseAsync();
        await using var connection = await ConnectAsync(server, "long", name);
        await connection.RunAsync("SELECT pg_sleep(1.5)");

        // The statement began more than a second ago; the session has been idle for less.
        Assert.Empty(await ListAsync(Of(server, name), new SessionFilter { IdleFor = TimeSpan.FromSeconds(1.2) }));
        await Task.Delay(1300);
        Assert.Single(await ListAsync(Of(server, name), new SessionFilter { IdleFor = TimeSpan.FromSeconds(1.2) }));
        Assert.Empty(await ListAsync(Of(server, name), new SessionFilter { RunningFor = TimeSpan.FromMilliseconds(1) }));
    }

    [SkippableFact]
    public async Task An_idle_session_is_ended_and_one_that_took_up_work_is_not()
    {
        var server = await Servers.PostgreSqlAsync();
        var name = await server.CreateDatabaseAsync();
        await using var leaks = await ConnectAsync(server, "leaks", name);
        await using var busy = await ConnectAsync(server, "busy", name);
        var seen = await ListAsync(Of(server, name), new SessionFilter { States = [DbSessionState.Idle] });
        Assert.Equal(2, seen.Count);
        await busy.RunAsync("SELECT 1");

        var output = await StopAsync(Of(server, name), seen.Select(Seen));
        var stopped = Assert.Single(output.Items.OfType<DbSessionStop>());
        Assert.Equal((DbSessionOutcome.Terminated, leaks.ProcessID), (stopped.Outcome, stopped.Id));
        Assert.Equal("Guard.SessionMoved", Assert.Single(output.Errors).Id);
        Assert.Equal(1, await busy.RunAsync("SELECT 1"));
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => leaks.RunAsync("SELECT 1"));
    }

    [SkippableFact]
    public async Task A_number_that_belongs_to_another_session_by_now_is_left_alone()
    {
        var server = await Servers.PostgreSqlAsync();
        var name = await server.CreateDatabaseAsync();
        await using var connection = await ConnectAsync(server, "innocent", name);
        var seen = Assert.Single(await ListAsync(Of(server, name)));
        var output = await StopAsync(Of(server, name), [Seen(seen) with { StartedAt = seen.StartedAt!.Value.AddSeconds(-1) }], terminate: true, force: "a test");
        Assert.Equal("Db.SessionGone", Assert.Single(output.Errors).Id);
        Assert.Equal(1, await connection.RunAsync("SELECT 1"));
    }

    [SkippableFact]
    public async Task The_signal_itself_looks_at_the_start_of_the_session_again()
    {
        var server = await Servers.PostgreSqlAsync();
        var name = await server.CreateDatabaseAsync();
        await using var connection = await ConnectAsync(server, "innocent", name);
        var seen = Assert.Single(await ListAsync(Of(server, name)));
        await using var session = new OpsRunbook.Engine.Stacks.StackSession(new OpsStack());
        await using var sessions = await DatabaseAdapters.SessionsAsync(Member(session, Of(server, name)), default);
        var reused = new DbSession
        {
            State = seen.State,
            Kind = seen.Kind,
            Id = seen.Id,
            Database = seen.Database,
            Engine = seen.Engine,
            StartedAt = seen.StartedAt!.Value.AddMilliseconds(-1),
            StateSince = seen.StateSince,
        };
        Assert.False(await sessions.TerminateAsync(reused, sameWork: false, default));
        Assert.False(await sessions.CancelAsync(reused, default));
        Assert.Equal(1, await connection.RunAsync("SELECT 1"));
        Assert.True(await sessions.TerminateAsync(seen, sameWork: false, default));
    }

    [SkippableFact]
    public async Task A_statement_is_cancelled_first_and_its_locks_and_victims_are_told()
    {
        var server = await Servers.PostgreSqlAsync();
        var name = await server.CreateDatabaseAsync();
        await server.ExecuteAsync("CREATE TABLE \"Mixed\"(id int); INSERT INTO \"Mixed\" VALUES (1)", name);
        await using var holder = await ConnectAsync(server, "holder", name);
        await using var waiter = await ConnectAsync(server, "waiter", name);
        var holding = holder.RunAsync("WITH x AS (UPDATE \"Mixed\" SET id = 2 RETURNING id) SELECT pg_sleep(600), 'some literal', 4711 FROM x");
        await EventuallyAsync(async () => (await ListAsync(Of(server, name))).Find(session => session.Wait == "Timeout: PgSleep"));
        var waiting = waiter.RunAsync("UPDATE \"Mixed\" SET id = 3 RETURNING id");
        var blocked = await EventuallyAsync(async () => (await ListAsync(Of(server, name))).Find(session => session.BlockedBy.Count > 0));
        Assert.Equal(("waiter", holder.ProcessID), (blocked.Application, Assert.Single(blocked.BlockedBy)));

        var seen = (await ListAsync(Of(server, name), new SessionFilter { Applications = ["hold*"] })).Single();
        var output = await StopAsync(Of(server, name), [Seen(seen)]);
        var stopped = Assert.Single(output.Items.OfType<DbSessionStop>());
        Assert.Equal((DbSessionOutcome.Cancelled, HealthStatus.Healthy), (stopped.Outcome, stopped.Status));
        Assert.Equal([waiter.ProcessID], stopped.Blocked);
        Assert.Contains("RowExclusiveLock on \"Mixed\"", stopped.Locks);
        Assert.Contains("pg_sleep(?), ?, ?", stopped.Query, StringComparison.Ordinal);
        Assert.DoesNotContain("some literal", stopped.Query + string.Join(' ', output.Questions), StringComparison.Ordinal);
        Assert.Equal("57014", (await Assert.ThrowsAsync<PostgresException>(() => holding)).SqlState);
        Assert.Equal(3, await waiting);

        // The connection itself lives.
        Assert.Equal(1, await holder.RunAsync("SELECT 1"));
    }

    [SkippableFact]
    public async Task An_open_transaction_is_ended_only_when_that_was_said()
    {
        var server = await Servers.PostgreSqlAsync();
        var name = await server.CreateDatabaseAsync();
        await using var connection = await ConnectAsync(server, "forgot", name);
        await connection.RunAsync("BEGIN; CREATE TABLE lost(id int)");
        var seen = Assert.Single(await ListAsync(Of(server, name)));
        Assert.Equal(DbSessionState.IdleInTransaction, seen.State);

        var refused = await StopAsync(Of(server, name), [Seen(seen)]);
        Assert.Equal("Guard.OpenTransaction", Assert.Single(refused.Errors).Id);
        Assert.Empty(refused.Questions);
        var plan = await StopAsync(Of(server, name), [Seen(seen)], terminate: true, output: new RecordedOutput { IsWhatIf = true });
        Assert.Contains("rolls back", Assert.Single(plan.Items.OfType<OpsPlanStep>()).Detail, StringComparison.Ordinal);
        Assert.Equal(1, await connection.RunAsync("SELECT 1"));

        seen = Assert.Single(await ListAsync(Of(server, name)));
        var ended = await StopAsync(Of(server, name), [Seen(seen)], terminate: true);
        Assert.Equal(DbSessionOutcome.Terminated, Assert.Single(ended.Items.OfType<DbSessionStop>()).Outcome);
        Assert.Equal(0L, await server.ExecuteAsync("SELECT count(*) FROM pg_class WHERE relname = 'lost'", name));
    }

    [SkippableFact]
    public async Task A_cancelled_statement_whose_transaction_stays_open_is_a_warning_and_is_ended_with_terminate()
    {
        var server = await Servers.PostgreSqlAsync();
        var name = await server.CreateDatabaseAsync();
        foreach (var terminate in new[] { false, true })
        {
            await using var connection = await ConnectAsync(server, "txn", name);
            await connection.RunAsync("BEGIN; CREATE TEMP TABLE t(id int)");
            var running = connection.RunAsync("SELECT pg_sleep(600)");
            var seen = await EventuallyAsync(async () => (await ListAsync(Of(server, name))).Find(session => session.State == DbSessionState.Active));
            var stopped = Assert.Single((await StopAsync(Of(server, name), [Seen(seen)], terminate)).Items.OfType<DbSessionStop>());
            Assert.Equal(terminate ? (DbSessionOutcome.Terminated, HealthStatus.Healthy) : (DbSessionOutcome.Cancelled, HealthStatus.Warning), (stopped.Outcome, stopped.Status));
            await Assert.ThrowsAnyAsync<NpgsqlException>(() => running);
        }
    }

    [SkippableTheory]
    [InlineData("pg_dump", DbSessionKind.Backup, "SELECT pg_sleep(600)")]
    [InlineData("an app", DbSessionKind.Maintenance, "VACUUM \"big\"")]
    public async Task Backups_and_maintenance_are_protected(string application, DbSessionKind kind, string statement)
    {
        var server = await Servers.PostgreSqlAsync();
        var name = await server.CreateDatabaseAsync();
        await server.ExecuteAsync("CREATE TABLE big AS SELECT g FROM generate_series(1, 200000) g", name);
        await using var holder = await ConnectAsync(server, "holder", name);
        await holder.RunAsync("BEGIN; LOCK TABLE big IN SHARE UPDATE EXCLUSIVE MODE");
        await using var connection = await ConnectAsync(server, application, name);
        var running = connection.RunAsync(statement);
        var seen = await EventuallyAsync(async () => (await ListAsync(Of(server, name))).Find(session => session.State == DbSessionState.Active && session.Kind == kind));

        var refused = await StopAsync(Of(server, name), [Seen(seen)], terminate: true);
        Assert.Equal("Guard.ProtectedSession", Assert.Single(refused.Errors).Id);
        Assert.False(running.IsCompleted);
        var forced = await StopAsync(Of(server, name), [Seen(seen)], force: "it blocks everything");
        Assert.Equal(DbSessionOutcome.Cancelled, Assert.Single(forced.Items.OfType<DbSessionStop>()).Outcome);
        Assert.Contains(forced.Warnings, warning => warning.Contains("ProtectedSession", StringComparison.Ordinal));
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => running);
    }

    [SkippableFact]
    public async Task A_walsender_is_no_client_and_is_protected()
    {
        var server = await Servers.PostgreSqlAsync();
        var settings = new NpgsqlConnectionStringBuilder(server.ConnectionString) { Database = null };
        var file = Path.Combine(Path.GetTempPath(), "opsrunbook-" + Guid.NewGuid().ToString("N"));
        Directory.CreateDirectory(file);
        using var receiver = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo(
            Path.Combine(server.ProgramFolder, "pg_receivewal"), ["-h", "127.0.0.1", "-p", $"{settings.Port}", "-U", server.User, "-D", file])
        {
            Environment = { ["PGPASSWORD"] = server.Password },
        })!;
        try
        {
            var pid = await EventuallyAsync(async () => await server.ExecuteAsync("SELECT pid FROM pg_stat_activity WHERE backend_type = 'walsender'"));
            Assert.DoesNotContain(await ListAsync(Of(server), all: true), session => session.Id == (int)pid);
            var output = await StopAsync(Of(server), [new SeenSession((int)pid)], terminate: true);
            Assert.Equal("Guard.ProtectedSession", Assert.Single(output.Errors).Id);
            Assert.False(receiver.HasExited);
        }
        finally
        {
            receiver.Kill();
            await receiver.WaitForExitAsync();
            Directory.Delete(file, recursive: true);
        }
    }

    [SkippableFact]
    public async Task Nothing_is_done_without_an_answer_and_the_journal_has_what_is_done()
    {
        var server = await Servers.PostgreSqlAsync();
        var name = await server.CreateDatabaseAsync();
        await using var connection = await ConnectAsync(server, "stays", name);
        var seen = Assert.Single(await ListAsync(Of(server, name)));
        var declined = await StopAsync(Of(server, name), [Seen(seen)], output: new RecordedOutput { Answer = _ => false });
        Assert.Contains($"session {seen.Id} (postgres, stays", Assert.Single(declined.Questions).Target, StringComparison.Ordinal);
        Assert.Empty(declined.Items);
        Assert.Equal(1, await connection.RunAsync("SELECT 1"));
    }

    [SkippableFact]
    public async Task A_full_server_lets_the_reserved_slot_in_and_says_so_to_others()
    {
        await using var server = await Servers.NewPostgreSqlAsync("max_connections=10", "superuser_reserved_connections=2");
        await server.ExecuteAsync("CREATE ROLE app LOGIN PASSWORD 'app-Pass-1'");
        var open = new List<NpgsqlConnection>();
        try
        {
            PostgresException? full = null;
            while (full is null)
            {
                try
                {
                    open.Add(await ConnectAsync(server, "leak", null, "app", "app-Pass-1"));
                }
                catch (PostgresException error)
                {
                    full = error;
                }
            }

            var mine = Of(server);
            (mine.User, mine.Password) = ("app", SecretReference.Parse("app-Pass-1"));
            var refused = await Assert.ThrowsAsync<OpsException>(() => ListAsync(mine));
            Assert.Equal("Db.TooManyConnections", refused.Id);
            Assert.Contains("-Credential", refused.NextStep, StringComparison.Ordinal);
            Assert.DoesNotContain("app-Pass-1", refused.FullMessage, StringComparison.Ordinal);

            var found = await ListAsync(Of(server), new SessionFilter { Applications = ["leak"] });
            Assert.Equal(open.Count, found.Count);
            var stopped = await StopAsync(Of(server), found.Take(2).Select(Seen));
            Assert.Equal(2, stopped.Items.OfType<DbSessionStop>().Count(one => one.Outcome == DbSessionOutcome.Terminated));
            Assert.Equal(open.Count - 2, (await ListAsync(mine)).Count(session => session.Application == "leak"));
        }
        finally
        {
            foreach (var connection in open)
            {
                await connection.DisposeAsync();
            }
        }
    }

    [SkippableFact]
    public async Task A_role_that_sees_little_is_told_so_and_ends_nothing_that_it_cannot_identify()
    {
        await using var server = await Servers.NewPostgreSqlAsync();
        await server.ExecuteAsync("CREATE ROLE small LOGIN PASSWORD 'small-Pass-1'; GRANT pg_signal_backend TO small; CREATE ROLE app LOGIN PASSWORD 'app-Pass-1'");
        await using var connection = await ConnectAsync(server, "app", null, "app", "app-Pass-1");
        var database = Of(server);
        (database.User, database.Password) = ("small", SecretReference.Parse("small-Pass-1"));
        var output = new RecordedOutput();
        var found = await ListAsync(database, output: output);
        Assert.Contains(found, session => session.Id == connection.ProcessID && session.State == DbSessionState.Unknown);
        Assert.Contains("pg_monitor", Assert.Single(output.Warnings), StringComparison.Ordinal);
        Assert.Equal("Db.Forbidden", Assert.Single((await StopAsync(database, [new SeenSession(connection.ProcessID)], terminate: true)).Errors).Id);
        Assert.Equal(1, await connection.RunAsync("SELECT 1"));
    }

    [SkippableFact]
    public async Task Hostile_names_of_applications_users_and_databases_are_found_by_themselves()
    {
        await using var server = await Servers.NewPostgreSqlAsync();
        foreach (var hostile in HostileNames)
        {
            var quoted = PostgreSqlSession.Identifier(hostile);
            await server.ExecuteAsync($"CREATE DATABASE {quoted}");
            await server.ExecuteAsync($"CREATE ROLE {quoted} LOGIN PASSWORD 'x-Pass-1'");
            await using var connection = await ConnectAsync(server, "app", hostile, hostile, "x-Pass-1");
            var ascii = hostile.All(char.IsAscii) && !hostile.Any(char.IsControl);
            await connection.RunAsync($"SET application_name = '{hostile.Replace("'", "''", StringComparison.Ordinal)}'");

            // The server itself turns what is not printable ASCII into question marks there.
            var filter = new SessionFilter { Users = [hostile], Applications = ascii ? [hostile] : [] };
            var session = Assert.Single(await ListAsync(Of(server, hostile), filter));
            Assert.Equal((hostile, hostile, connection.ProcessID), (session.User, session.Catalog, session.Id));
            Assert.Equal(ascii ? hostile : session.Application, session.Application);
            Assert.Equal(DbSessionOutcome.Terminated, Assert.Single((await StopAsync(Of(server, hostile), [Seen(session)])).Items.OfType<DbSessionStop>()).Outcome);
        }
    }
}
