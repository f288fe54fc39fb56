using OpsRunbook.Engine.Databases;
using OpsRunbook.Engine.Tests.Endpoints;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Databases;

public sealed class MySqlMaintenanceTests
{
    [SkippableFact]
    public async Task Engines_are_told_apart()
    {
        var server = await Servers.MariaDbAsync();
        var name = await server.CreateDatabaseAsync();
        await server.ExecuteAsync(
            """
            CREATE TABLE `in``no; drop table x;--` (a INT PRIMARY KEY, b CHAR(200)) ENGINE=InnoDB; CREATE TABLE isam (a INT, b VARCHAR(50)) ENGINE=MyISAM; CREATE TABLE Aria1 (a INT) ENGINE=Aria;
            INSERT INTO `in``no; drop table x;--` SELECT seq, 'x' FROM seq_1_to_20000; INSERT INTO isam SELECT seq, 'x' FROM seq_1_to_1000; DELETE FROM isam WHERE a % 2 = 0;
            """,
            name);
        await using var database = new TestDatabase(server, name);
        foreach (var operation in new[] { DbMaintenanceOperation.Check, DbMaintenanceOperation.Analyze, DbMaintenanceOperation.Optimize })
        {
            var results = await database.MaintainAsync(TestDatabase.Request(operation));
            Assert.Empty(database.Output.Errors);
            Assert.Equal(3, results.Count(result => result.Outcome == DbMaintenanceOutcome.Succeeded));
        }

        var repaired = (await database.MaintainAsync(TestDatabase.Request(DbMaintenanceOperation.Repair))).ToDictionary(result => result.Table, result => result.Outcome);
        Assert.Equal((DbMaintenanceOutcome.Succeeded, DbMaintenanceOutcome.Succeeded, DbMaintenanceOutcome.Skipped), (repaired["isam"], repaired["Aria1"], repaired["in`no; drop table x;--"]));
        var refusal = Assert.Single(database.Output.Errors);
        Assert.Equal("Db.OperationNotSupported", refusal.Id);
        Assert.Contains("InnoDB", refusal.Message, StringComparison.Ordinal);
        Assert.Equal("Db.OperationNotSupported", (await Assert.ThrowsAsync<OpsException>(() => database.MaintainAsync(TestDatabase.Request(DbMaintenanceOperation.Vacuum)))).Id);

        // A repair changes the only copy; that there is room for it must be known.
        database.Definition.Manager = ServiceManagerKind.Compose;
        await database.MaintainAsync(TestDatabase.Request(DbMaintenanceOperation.Optimize, "isam"));
        Assert.Contains("cannot be known", Assert.Single(database.Output.Warnings), StringComparison.Ordinal);
        await database.MaintainAsync(TestDatabase.Request(DbMaintenanceOperation.Repair, "isam"));
        Assert.Equal("Guard.FreeSpace", Assert.Single(database.Output.Errors).Id);
    }

    [SkippableFact]
    public async Task A_damaged_table_is_found_and_repaired()
    {
        await using var server = await Servers.NewMariaDbAsync();
        await server.ExecuteAsync("CREATE DATABASE shop; CREATE TABLE shop.t (a INT, b VARCHAR(20), KEY (a)) ENGINE=MyISAM; INSERT INTO shop.t SELECT seq, 'text' FROM mysql.seq_1_to_1000; FLUSH TABLES");
        await using (var file = File.OpenWrite(Path.Combine(server.Folder, "data", "shop", "t.MYI")))
        {
            file.SetLength(file.Length / 2);
        }

        await using var database = new TestDatabase(server, "shop");
        Assert.Equal(DbMaintenanceOutcome.Failed, Assert.Single(await database.MaintainAsync(TestDatabase.Request(DbMaintenanceOperation.Check))).Outcome);
        Assert.Contains("shop.t", Assert.Single(database.Output.Errors).Message, StringComparison.Ordinal);
        await database.MaintainAsync(TestDatabase.Request(DbMaintenanceOperation.Repair));
        Assert.Equal(DbMaintenanceOutcome.Succeeded, Assert.Single(await database.MaintainAsync(TestDatabase.Request(DbMaintenanceOperation.Check))).Outcome);
        Assert.Equal("1000", (await server.ExecuteAsync("SELECT COUNT(*) FROM shop.t")).Trim());
    }

    [SkippableFact]
    public async Task A_held_table_is_left_alone_and_a_second_operator_refused()
    {
        var server = await Servers.MariaDbAsync();
        var name = await server.CreateDatabaseAsync();
        await server.ExecuteAsync("CREATE TABLE t (a INT PRIMARY KEY) ENGINE=InnoDB; INSERT INTO t SELECT seq FROM seq_1_to_100", name);
        await using var database = new TestDatabase(server, name);
        var target = await database.Member.TargetAsync(default);
        await using (var holder = await MySqlSession.OpenAsync(target, default))
        {
            var id = (await holder.RowAsync("SELECT CONNECTION_ID() AS id", default))["id"];
            await holder.QueryAsync("START TRANSACTION", default);
            await holder.QueryAsync("SELECT * FROM t FOR UPDATE", default);
            Assert.Equal(
                DbMaintenanceOutcome.Skipped,
                Assert.Single(await database.MaintainAsync(TestDatabase.Request(DbMaintenanceOperation.Optimize) with { LockTimeout = TimeSpan.FromSeconds(2) })).Outcome);
            var error = Assert.Single(database.Output.Errors);
            Assert.Equal("Db.TableLocked", error.Id);
            Assert.Contains($"connection {id} (user root from 127.0.0.1", error.Message, StringComparison.Ordinal);
            Assert.Contains("100", await server.ExecuteAsync("SET SESSION lock_wait_timeout = 1; SELECT COUNT(*) FROM t", name), StringComparison.Ordinal);
        }

        // One that waits for a lock holds the lock of its run, and leaves nothing behind when it is given up.
        await using (var holder = await MySqlSession.OpenAsync(target, default))
        {
            await holder.QueryAsync("LOCK TABLES t WRITE", default);
            await using var second = new TestDatabase(server, name);
            using var stop = new CancellationTokenSource();
            var running = database.MaintainAsync(TestDatabase.Request(DbMaintenanceOperation.Check) with { LockTimeout = TimeSpan.FromMinutes(5) }, stop: stop.Token);
            await HttpProbeTests.EventuallyAsync(() => Working(server, name) == "1");
            var error = await Assert.ThrowsAsync<OpsException>(() => second.MaintainAsync(TestDatabase.Request(DbMaintenanceOperation.Analyze)));
            Assert.Equal("Db.MaintenanceRunning", error.Id);
            Assert.Contains("user root from 127.0.0.1", error.Message, StringComparison.Ordinal);
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
            await HttpProbeTests.EventuallyAsync(() => Working(server, name) == "0");
        }

        Assert.Equal(DbMaintenanceOutcome.Succeeded, Assert.Single(await database.MaintainAsync(TestDatabase.Request(DbMaintenanceOperation.Optimize))).Outcome);
    }

    private static string Working(MariaDbServer server, string name) =>
        server.ExecuteAsync($"SELECT COUNT(*) FROM information_schema.processlist WHERE db = '{name}' AND info LIKE 'CHECK%'").GetAwaiter().GetResult().Trim();
}
