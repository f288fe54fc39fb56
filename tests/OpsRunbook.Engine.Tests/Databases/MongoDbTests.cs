using System.Diagnostics;
using System.Text.Json.Nodes;
using OpsRunbook.Engine.Databases;
using OpsRunbook.Engine.Health;
using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Databases;

/// <summary>Real <c>mongosh</c> against a double of the server. Each test looks at its end at everything that the double was told.</summary>
public sealed class MongoDbTests
{
    private const string Hostile = "p@ss:/?#[]%24 $HOME\"'`id`\\ é漢&x=1";

    [SkippableFact]
    public async Task A_connection_is_tested_with_a_login_whatever_the_names_and_the_password_are()
    {
        await using var mongo = await TestMongo.StartAsync(Hostile);
        mongo.Server.Users["auth \"db'.we\"ird;:@/%"] = (Hostile, true);
        mongo.Definition.AuthSource = "auth \"db'";
        mongo.Definition.User = "we\"ird;:@/%";
        var start = DateTime.UtcNow.AddSeconds(-1);
        using var watch = new ProcessWatch("ss:/?#[]", "%24%24", Uri.EscapeDataString(Hostile)[..12]);
        var test = await mongo.TestAsync();
        Assert.True(test.Status == HealthStatus.Healthy, $"{test.Reason} {test.Message}");
        Assert.Equal("MongoDB 7.0.14", test.Product);
        Assert.True(test is { Connections: > 0, MaximumConnections: 100, Tls: null, Role: null, LogIn: not null, Query: not null }, test.Message);
        Assert.True(await watch.EndAsync("MongoSession.js") > 0, "mongosh was never caught running, so the test has shown nothing.");
        Assert.Empty(watch.Seen);

        // It keeps a log of its own in the user's home.
        var logs = Directory.GetFiles(Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".mongodb", "mongosh"), "*_log");
        Assert.Contains(logs, file => File.GetLastWriteTimeUtc(file) >= start);
        Assert.DoesNotContain(logs, file => File.ReadAllText(file).Contains("ss:/?#[]", StringComparison.Ordinal) || File.ReadAllText(file).Contains(Uri.EscapeDataString(Hostile)[..12], StringComparison.Ordinal));
    }

    [Fact]
    public void An_address_takes_the_options_that_those_of_mongodb_have()
    {
        var stack = new OpsStack();
        HealthTarget.Add(stack, "mongodb://u:p%40ss@h:27018/shop?authSource=admin&replicaSet=rs0&directConnection=true&tls=true&tlsCAFile=/ca.pem", null);
        var database = Assert.Single(stack.Databases).Value;
        Assert.Equal((DatabaseEngine.MongoDb, "h", 27018, "shop", "u"), (database.Engine, database.Server, database.Port, database.Database, database.User));
        Assert.Equal(("admin", "rs0", "verify-full", "/ca.pem"), (database.AuthSource, database.ReplicaSet, database.Tls, database.TlsCa));
        Assert.Equal("Health.UriInvalid", Assert.Throws<OpsException>(() => HealthTarget.Add(stack, "postgres://h/shop?authSource=admin", null)).Id);
    }

    [SkippableTheory]
    [InlineData("password", "Db.LoginRefused", HealthStatus.Critical)]
    [InlineData("end of line", "Db.LoginRefused", HealthStatus.Critical)]
    [InlineData("no password", "Db.LoginRefused", HealthStatus.Critical)]
    [InlineData("no rights", null, HealthStatus.Healthy)]
    [InlineData("ping", "Db.Starting", HealthStatus.Critical)]
    public async Task Failures_after_the_greeting_are_told_apart(string fault, string? reason, HealthStatus status)
    {
        await using var mongo = await TestMongo.StartAsync();
        switch (fault)
        {
            case "password":
                mongo.Definition.Password = SecretReference.Parse("not-the-Password-1");
                break;
            case "end of line":
                mongo.Definition.Password = SecretReference.Plain("one\ntwo");
                break;
            case "no password":
                mongo.Definition.Password = null;
                break;
            case "no rights":
                mongo.Server.Users["admin.monitor"] = (mongo.Password, false);
                break;
            case "ping":
                mongo.Server.Refusals["buildInfo"] = (91, "The server is in quiesce mode and will shut down");
                break;
        }

        var test = await mongo.TestAsync();
        Assert.True((reason, status) == (test.Reason, test.Status), $"{test.Reason}: {test.Message}");
        Assert.DoesNotContain("not-the-Password-1", test.Message, StringComparison.Ordinal);
        Assert.Equal(fault == "no rights", test.Message.EndsWith("login works.", StringComparison.Ordinal));
        if (fault == "password")
        {
            Assert.Contains("'admin'", test.NextStep, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("full", "Db.TooManyConnections")]
    [InlineData("frozen", "Db.Timeout")]
    [InlineData("recovering", "Db.Starting")]
    [InlineData("uninitialised", "Db.Starting")]
    public async Task Failures_before_the_login_need_no_mongosh(string fault, string reason)
    {
        await using var mongo = TestMongo.Plain();
        mongo.Definition.Timeout = TimeSpan.FromSeconds(fault == "frozen" ? 0.5 : 20);
        (mongo.Server.IsFull, mongo.Server.IsFrozen) = (fault == "full", fault == "frozen");
        mongo.Server.Role = fault is "full" or "frozen" ? "single" : fault;
        var test = await mongo.TestAsync();
        Assert.Equal((HealthStatus.Critical, reason), (test.Status, test.Reason));
        Assert.NotEqual(fault == "uninitialised", !test.Message.Contains("replica set config", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("verify-full", "localhost", true, null)]
    [InlineData("require", "127.0.0.1", false, null)]
    [InlineData("verify-full", "localhost", false, "Db.TlsUntrusted")]
    [InlineData(null, "localhost", false, "Db.TlsRequired")]
    public async Task The_certificate_is_judged_as_configured(string? tls, string name, bool ca, string? reason)
    {
        await using var mongo = TestMongo.Plain(TestCertificates.Localhost);
        (mongo.Definition.Tls, mongo.Definition.Server, mongo.Definition.TlsCa) = (tls, name, ca ? TestCertificates.CaFile : null);
        var test = await mongo.TestAsync();
        Assert.True(reason == test.Reason, $"{test.Reason}: {test.Message}");
    }

    [Fact]
    public async Task A_certificate_for_another_name_is_refused()
    {
        await using var mongo = TestMongo.Plain(TestCertificates.WrongName());
        (mongo.Definition.Tls, mongo.Definition.Server, mongo.Definition.TlsCa) = ("verify-full", "localhost", TestCertificates.CaFile);
        Assert.Equal("Db.TlsNameMismatch", (await mongo.TestAsync()).Reason);
    }

    [SkippableFact]
    public async Task Mongosh_logs_in_over_tls_that_is_verified()
    {
        await using var mongo = await TestMongo.StartAsync(certificate: TestCertificates.Localhost);
        (mongo.Definition.Tls, mongo.Definition.Server, mongo.Definition.TlsCa) = ("verify-full", "localhost", TestCertificates.CaFile);
        var test = await mongo.TestAsync();
        Assert.True(test.Status == HealthStatus.Healthy, $"{test.Reason} {test.Message}");
        Assert.StartsWith("TLSv1.", test.Tls, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task The_status_shows_the_members_of_the_set_with_state_and_lag()
    {
        await using var mongo = await TestMongo.StartAsync();
        mongo.Server.Role = "primary";
        mongo.Server.ReplicaSet = TestMongo.Set(
            ("db1:27017", "PRIMARY", 1, 0, true), ("db2:27017", "SECONDARY", 1, 45, false), ("db3:27017", "(not reachable/healthy)", 0, 9000, false), ("db4:27017", "ARBITER", 1, 0, false));
        mongo.Server.AddOperation(7, "import", 70, new JsonObject { ["insert"] = "orders" })["transaction"] = new JsonObject { ["timeOpenMicros"] = 120_000_000 };
        mongo.Server.AddOperation(8, "leak")["type"] = "idleSession";
        mongo.Server.Operations[8]["transaction"] = new JsonObject { ["timeOpenMicros"] = 60_000_000, ["timeInactiveMicros"] = 50_000_000 };
        var status = await mongo.StatusAsync();
        Assert.Equal((HealthStatus.Warning, "primary", "7.0.14", 1_000_000_000L), (status.Status, status.Role, status.Version, status.Size));
        Assert.Equal((TimeSpan.FromSeconds(45), 1, 100), (status.Lag, status.Replicas, status.MaximumConnections));
        Assert.Equal((1, TimeSpan.FromSeconds(120), 98.0, TimeSpan.FromHours(1)), (status.IdleInTransaction, status.OldestTransaction, status.CacheHitPercent, status.Uptime));
        Assert.Equal(["PRIMARY", "SECONDARY", "(not reachable/healthy)", "ARBITER"], status.Members.Select(member => member.State));
        Assert.Equal([null, TimeSpan.FromSeconds(45), null, null], status.Members.Select(member => member.Lag));
        Assert.Equal([HealthStatus.Healthy, HealthStatus.Healthy, HealthStatus.Critical, HealthStatus.Healthy], status.Members.Select(member => member.Status));
        Assert.True(status.Members[0].IsSelf);
        Assert.Contains(status.Checks, check => check is { Name: "member db3:27017", Status: HealthStatus.Warning } && check.Message.Contains("Connection refused", StringComparison.Ordinal));
        Assert.Contains(status.Checks, check => check is { Name: "lag", Status: HealthStatus.Warning });
    }

    [SkippableTheory]
    [InlineData("uninitialised", "by hand")]
    [InlineData("no primary", "Not reached: db2:27017, db3:27017 of 3")]
    [InlineData("other set", "the stack says 'other'")]
    [InlineData("no set", "belongs to no replica set")]
    public async Task A_set_that_is_ill_is_described_and_never_touched(string fault, string says)
    {
        await using var mongo = await TestMongo.StartAsync();
        mongo.Server.Role = fault switch { "uninitialised" => fault, "no primary" => "secondary", "no set" => "single", _ => "primary" };
        mongo.Server.ReplicaSet = fault == "no primary"
            ? TestMongo.Set(("db1:27017", "SECONDARY", 1, 0, true), ("db2:27017", "(not reachable/healthy)", 0, 0, false), ("db3:27017", "(not reachable/healthy)", 0, 0, false))
            : TestMongo.Set(("db1:27017", "PRIMARY", 1, 0, true));
        mongo.Definition.ReplicaSet = fault is "other set" or "no set" ? "other" : null;
        var status = await mongo.StatusAsync();
        var check = Assert.Single(status.Checks, check => check.Name == "replication");
        Assert.Equal((HealthStatus.Critical, "Db.ReplicationBroken"), (check.Status, check.Reason));
        Assert.Contains(says, check.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task What_a_user_may_not_see_is_unknown_and_says_which_right_is_missing()
    {
        await using var mongo = await TestMongo.StartAsync();
        mongo.Server.Role = "primary";
        mongo.Server.Users["admin.monitor"] = (mongo.Password, false);
        mongo.Server.AddOperation(7, "others", 70);
        var status = await mongo.StatusAsync();
        Assert.Equal((HealthStatus.Unknown, null, null), (status.Status, status.Connections, status.IdleInTransaction));
        Assert.Contains("Grant it clusterMonitor.", Assert.Single(status.Checks, check => check.Name == "rights").Message, StringComparison.Ordinal);

        // Our own connections are nobody's sessions, and more is not shown. Those of the command before may still be closing.
        await DatabaseFixtures.EventuallyAsync(() => Task.FromResult(mongo.Server.OpenConnections == 0 ? mongo.Server : null));
        Assert.Empty(await mongo.SessionsAsync());
        Assert.Contains("clusterMonitor", Assert.Single(mongo.Output.Warnings), StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Sessions_are_those_of_clients_in_this_database_and_never_our_own()
    {
        await using var mongo = await TestMongo.StartAsync();
        var server = mongo.Server;
        server.BatchSize = 2;
        server.AddOperation(1, "api", 101, new JsonObject { ["find"] = "orders", ["filter"] = new JsonObject { ["name"] = "it's \"$x\"\n" }, ["lsid"] = new JsonObject { ["id"] = "secret-session" } }, seconds: 42);
        server.AddOperation(2, "api");
        server.AddOperation(3, "elsewhere", 103, catalog: "other");
        server.AddOperation(4, "driver", 104, new JsonObject { ["hello"] = 1, ["maxAwaitTimeMS"] = 10_000 }, catalog: "admin");
        server.AddOperation(5, "OplogFetcher", 105)["effectiveUsers"] = new JsonArray(new JsonObject { ["user"] = "__system", ["db"] = "local" });
        server.AddOperation(6, "mongodump", 106);
        server.AddOperation(7, "admin-tool", 107, new JsonObject { ["createIndexes"] = "orders" });
        server.AddOperation(8, "leak")["type"] = "idleSession";
        server.Operations[8]["transaction"] = new JsonObject { ["timeOpenMicros"] = 60_000_000 };
        server.AddOperation(9, "signup", 109, new JsonObject { ["createUser"] = "x", ["pwd"] = "hunter2hunter2" })["waitingForLock"] = true;
        server.AddOperation(10, "TTLMonitor", 110).Remove("connectionId");

        var found = await mongo.SessionsAsync();
        Assert.Equal(
            [(1, DbSessionState.Active), (2, DbSessionState.Idle), (4, DbSessionState.Idle), (6, DbSessionState.Active), (7, DbSessionState.Active), (8, DbSessionState.IdleInTransaction), (9, DbSessionState.Active)],
            found.Select(session => ((int)session.Id, session.State)));
        var api = found[0];
        Assert.Equal((101L, "shop_app", "api", "shop", "query: COLLSCAN"), (api.OperationId, api.User, api.Application, api.Catalog, api.ServerState));
        Assert.Equal("""{"find":"orders","filter":{"name":"it's \"$x\"\n"}}""", api.Query);
        Assert.InRange(api.Running!.Value, TimeSpan.FromSeconds(42), TimeSpan.FromSeconds(80));
        Assert.InRange(DateTime.UtcNow - api.ServerStartedAt!.Value, TimeSpan.FromMinutes(59), TimeSpan.FromMinutes(62));
        Assert.Equal(DbSessionKind.Backup, found[3].Kind);
        Assert.Equal(DbSessionKind.Maintenance, found[4].Kind);
        Assert.Equal(TimeSpan.FromSeconds(60), found[5].Transaction);
        Assert.Equal("lock", found[6].Wait);
        Assert.DoesNotContain("hunter2", found[6].Query, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task An_operation_is_cancelled_when_it_is_still_the_one_that_was_seen()
    {
        await using var mongo = await TestMongo.StartAsync();
        var server = mongo.Server;
        foreach (var connection in Enumerable.Range(1, 5))
        {
            server.AddOperation(connection, "api", 100 + connection);
        }

        server.AddOperation(6, "idle");
        server.AddOperation(7, "mongodump", 107);
        server.AddOperation(8, "api", 108)["_stubborn"] = true;
        server.AddOperation(9, "api", 109);
        var seen = (await mongo.SessionsAsync()).ToDictionary(session => (int)session.Id, DatabaseFixtures.Seen);
        server.AddOperation(2, "api", 202);
        server.AddOperation(3, "api", 103, seconds: 3);
        server.Operations.TryRemove(4, out _);
        server.AddOperation(6, "idle", 206, seconds: 0);
        var output = await mongo.StopAsync(Enumerable.Range(1, 8).Select(id => seen[id]).Append(seen[9] with { ServerStartedAt = seen[9].ServerStartedAt!.Value.AddHours(-1) }));
        Assert.Equal(
            [(1, DbSessionOutcome.Cancelled), (5, DbSessionOutcome.Cancelled), (8, DbSessionOutcome.StillRunning)],
            output.Items.OfType<DbSessionStop>().Select(stop => ((int)stop.Id, stop.Outcome)));
        Assert.Equal("""{"find":"orders","filter":{"customer":"?"}}""", output.Items.OfType<DbSessionStop>().First().Query);
        Assert.Equal(["Global r", "Collection r"], output.Items.OfType<DbSessionStop>().First().Locks);
        Assert.Equal(
            ["Guard.SessionMoved", "Guard.SessionMoved", "Db.SessionGone", "Guard.SessionMoved", "Guard.ProtectedSession", "Db.SessionStillRuns", "Db.SessionGone"],
            output.Errors.Select(error => error.Id));
        Assert.Equal([101L, 105L, 108L], mongo.Killed);
    }

    [SkippableFact]
    public async Task Connections_are_not_ended_because_the_server_cannot()
    {
        await using var mongo = await TestMongo.StartAsync();
        mongo.Server.AddOperation(1, "idle");
        mongo.Server.AddOperation(2, "leak")["type"] = "idleSession";
        mongo.Server.Operations[2]["transaction"] = new JsonObject { ["timeOpenMicros"] = 60_000_000 };
        var output = await mongo.StopAsync([new SeenSession(1), new SeenSession(2)], terminate: true);
        Assert.Equal(["Db.NothingToCancel", "Db.NothingToCancel"], output.Errors.Select(error => error.Id));
        Assert.Contains("transactionLifetimeLimitSeconds", output.Errors[1].NextStep, StringComparison.Ordinal);
        Assert.Empty(output.Items);
        Assert.Empty(mongo.Killed);
    }

    [SkippableFact]
    public async Task Slow_queries_come_from_the_profiler_without_their_values()
    {
        await using var mongo = await TestMongo.StartAsync();
        var profile = new JsonArray();
        foreach (var (customer, time) in (ReadOnlySpan<(string, int)>)[("Anna", 3000), ("Zoë's \"$x\"", 1000)])
        {
            profile.Add(TestMongo.Entry("query", new JsonObject { ["find"] = "orders", ["filter"] = new JsonObject { ["name"] = customer, ["age"] = new JsonObject { ["$in"] = new JsonArray(1, 2, 3) } } }, time));
        }

        profile.Add(TestMongo.Entry("update", new JsonObject { ["q"] = new JsonObject { ["_id"] = 1 }, ["u"] = new JsonObject { ["$set"] = new JsonObject { ["iban"] = "DE00" } } }, 20));
        profile.Add(TestMongo.Entry("command", new JsonObject { ["aggregate"] = "x" }, 5000, "OpsRunbook ABC"));
        (mongo.Server.Profiles["shop"], mongo.Server.ProfilingLevels["shop"], mongo.Server.BatchSize) = (profile, 1, 2);
        var queries = await mongo.SlowQueriesAsync();
        Assert.Equal(
            [("""{"find":"orders","filter":{"name":"?","age":{"$in":["?"]}}}""", 2L), ("""update shop.orders {"q":{"_id":"?"},"u":{"$set":{"iban":"?"}}}""", 1L)],
            queries.Select(query => (query.Query, query.Calls!.Value)));
        var slow = queries[0];
        Assert.Equal((HealthStatus.Warning, TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(3)), (slow.Status, slow.TotalTime, slow.MeanTime, slow.MaximumTime));
        Assert.Equal((20L, 2000L, "shop", "system.profile of shop", "AB12"), (slow.Rows, slow.RowsExamined, slow.Catalog, slow.Source, slow.QueryId));
    }

    [SkippableTheory]
    [InlineData("off", "is off", "db.setProfilingLevel(1")]
    [InlineData("forbidden", "may not read", "Grant it dbAdmin")]
    [InlineData("router", "has no profiler", "members of the shards")]
    public async Task A_profiler_that_says_nothing_is_explained_and_left_alone(string fault, string says, string next)
    {
        await using var mongo = await TestMongo.StartAsync();
        mongo.Server.Role = fault == "router" ? fault : "single";
        if (fault == "forbidden")
        {
            mongo.Server.Refusals["find"] = (13, "not authorized on shop to execute command { find: \"system.profile\" }");
        }

        var missing = Assert.Single(await mongo.SlowQueriesAsync());
        Assert.Equal(HealthStatus.Unknown, missing.Status);
        Assert.Contains(says, missing.Query, StringComparison.Ordinal);
        Assert.Contains(next, missing.NextStep, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Collections_are_read_whatever_their_names_are()
    {
        await using var mongo = await TestMongo.StartAsync();
        mongo.Server.BatchSize = 3;
        foreach (var name in (string[])[.. DatabaseFixtures.HostileNames, "orders_view", "system.views", "dotted.name", "new\nline"])
        {
            mongo.Server.Collections["shop." + name] = new JsonObject
            {
                ["count"] = 4,
                ["storageSize"] = 1000 + name.Length,
                ["freeStorageSize"] = 100,
                ["totalIndexSize"] = 500,
                ["wiredTiger"] = new JsonObject { ["type"] = "file" },
            };
        }

        mongo.Server.Collections["other.orders"] = new JsonObject { ["count"] = 1 };
        var tables = await new DatabaseTables(mongo.Member).ReadTablesAsync(new TableFilter([], []), mongo.Output, default);
        Assert.Equal([.. DatabaseFixtures.HostileNames.Concat(["dotted.name", "new\nline"]).Order(StringComparer.Ordinal)], tables.Select(table => table.Table).Order(StringComparer.Ordinal));
        var one = Assert.Single(tables, table => table.Table == "dotted.name");
        Assert.Equal(("WiredTiger", 1011L + 500, 1011L, 500L, 4L, 100L), (one.Engine, one.SizeBytes, one.TableBytes, one.IndexBytes, one.Rows, one.BloatBytes));
        Assert.Equal((9.9, "freeStorageSize", "shop.dotted.name", "shop"), (one.BloatPercent, one.BloatMethod, one.Id, one.Schema));

        mongo.Definition.Database = null;
        tables = await new DatabaseTables(mongo.Member).ReadTablesAsync(new TableFilter(["orders"], []), mongo.Output, default);
        Assert.Equal("other", Assert.Single(tables).Schema);
    }

    [SkippableFact]
    public async Task A_server_that_falls_silent_or_goes_away_ends_the_command_in_time()
    {
        await using var mongo = await TestMongo.StartAsync();
        mongo.Definition.Timeout = TimeSpan.FromSeconds(2);
        var target = await mongo.Member.TargetAsync(default);
        await using var sessions = await MongoSessions.OpenAsync("db", target, default);
        mongo.Server.IsFrozen = true;
        var start = Stopwatch.GetTimestamp();
        var error = await Assert.ThrowsAsync<OpsException>(() => sessions.ListAsync(false, default));
        Assert.Equal("Db.Timeout", error.Id);
        Assert.Contains($"127.0.0.1:{mongo.Server.Port}", error.Message, StringComparison.Ordinal);
        Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.Zero, TimeSpan.FromSeconds(20));

        mongo.Server.IsFrozen = false;
        await using var others = await MongoSessions.OpenAsync("db", target, default);
        await mongo.Server.DisposeAsync();
        error = await Assert.ThrowsAsync<OpsException>(() => others.ListAsync(false, default));
        Assert.True(error.Id is "Db.ConnectionLost" or "Db.PortClosed" or "Db.Timeout", $"{error.Id} {error.Message}");
    }
}
