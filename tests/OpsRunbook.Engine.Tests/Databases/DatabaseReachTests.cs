using OpsRunbook.Engine.Databases;
using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Engine.State;
using OpsRunbook.Fixtures;
using static OpsRunbook.Engine.Tests.Databases.DatabaseFixtures;

namespace OpsRunbook.Engine.Tests.Databases;

public sealed class DatabaseReachTests
{
    [SkippableTheory]
    [InlineData(DatabaseEngine.Postgres)]
    [InlineData(DatabaseEngine.MariaDb)]
    public async Task Sessions_are_listed_and_stopped_through_another_host(DatabaseEngine engine)
    {
        var sshd = await Servers.SshdAsync();
        StackDatabase database;
        IAsyncDisposable client;
        if (engine == DatabaseEngine.Postgres)
        {
            var server = await Servers.PostgreSqlAsync();
            var name = await server.CreateDatabaseAsync();
            (database, client) = (Of(server, name), await ConnectAsync(server, "far", name));
        }
        else
        {
            var server = await Servers.MariaDbAsync();
            var name = await server.CreateDatabaseAsync();
            (database, client) = (Of(server, name), await MySqlSessionsTests.ClientAsync(server, name));
        }

        await using var connected = client;
        database.Host = "far";
        database.Timeout = TimeSpan.FromSeconds(30);
        await using var session = new StackSession(new OpsStack
        {
            Hosts = { ["far"] = new StackHost { Ssh = sshd.Destination, Identity = sshd.IdentityFile, Options = new Dictionary<string, string>(sshd.Options) } },
        });
        var member = Member(session, database);
        var output = new RecordedOutput();
        await new SessionLister(member, new SessionFilter(), allDatabases: false, output).RunAsync(default);
        await new StatusReader(member, output).RunAsync(default);
        await new ConnectionTester(member, output).RunAsync(default);
        var seen = Assert.Single(output.Items.OfType<DbSession>());
        Assert.Equal(HealthStatus.Healthy, Assert.Single(output.Items.OfType<DbStatus>()).Status);
        Assert.Equal(("far", HealthStatus.Healthy), output.Items.OfType<DbConnectionTest>().Select(test => (test.Host, test.Status)).Single());

        var changes = new ChangeRunner(output, new FileJournal(), new ChangeOrigin("Stop-DbSession", "shop", null, false));
        await new SessionStopper(member, new SessionStopRequest(false, false, TimeSpan.FromSeconds(10)), changes, output).RunAsync([Seen(seen)], default);
        Assert.Equal(DbSessionOutcome.Terminated, Assert.Single(output.Items.OfType<DbSessionStop>()).Outcome);
        Assert.EndsWith("on host far", $"{Assert.Single(output.Questions).Target}", StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task MongoDb_is_asked_through_another_host_by_the_mongosh_of_this_one()
    {
        var sshd = await Servers.SshdAsync();
        await using var mongo = await TestMongo.StartAsync();
        mongo.Server.AddOperation(1, "api", 101);
        mongo.Definition.Host = "far";
        mongo.Hosts["far"] = new StackHost { Ssh = sshd.Destination, Identity = sshd.IdentityFile, Options = new Dictionary<string, string>(sshd.Options) };
        var test = await mongo.TestAsync();
        Assert.True((test.Status, test.Host) == (HealthStatus.Healthy, "far"), test.Message);
        var output = await mongo.StopAsync([Seen(Assert.Single(await mongo.SessionsAsync()))]);
        Assert.Equal(DbSessionOutcome.Cancelled, Assert.Single(output.Items.OfType<DbSessionStop>()).Outcome);
        Assert.EndsWith("on host far", $"{Assert.Single(output.Questions).Target}", StringComparison.Ordinal);
    }
}
