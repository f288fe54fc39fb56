using System.Text.Json.Nodes;
using OpsRunbook.Engine.Databases;
using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Engine.Tests.Safety;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Databases;

/// <summary>A double of MongoDB in a stack. At its end it sees that nothing was asked but what looks, and <c>killOp</c>.</summary>
internal sealed class TestMongo : IAsyncDisposable
{
    // mongosh's own greeting, and what the module asks. No replSetInitiate, replSetReconfig, replSetStepDown, fsync, shutdown, setParameter …
    private static readonly HashSet<string> Allowed = new(StringComparer.Ordinal)
    {
        "hello", "isMaster", "ismaster", "saslStart", "saslContinue", "ping", "buildInfo", "endSessions", "connectionStatus", "getParameter", "atlasVersion",
        "serverStatus", "replSetGetStatus", "dbStats", "listDatabases", "listCollections", "aggregate", "find", "getMore", "profile", "killOp",
    };

    private readonly StackSession _session;

    private TestMongo(string password, TestCertificate? certificate)
    {
        Password = password;
        Server = new MongoDbDouble(certificate);
        Definition = new StackDatabase { Engine = DatabaseEngine.MongoDb, Server = "127.0.0.1", Port = Server.Port, Timeout = TimeSpan.FromSeconds(30) };
        _session = new StackSession(new OpsStack { Name = "shop", Databases = { ["db"] = Definition } });
    }

    public IDictionary<string, StackHost> Hosts => _session.Stack.Hosts;

    public MongoDbDouble Server { get; }

    public string Password { get; }

    public StackDatabase Definition { get; }

    public RecordedOutput Output { get; private set; } = new();

    public DatabaseMember Member => new(_session, "db", Definition);

    /// <summary>Operations that were killed.</summary>
    public IEnumerable<long> Killed => Server.Commands.Where(sent => sent.Command.First().Key == "killOp").Select(sent => long.Parse(sent.Command["op"]!.ToJsonString()));

    /// <summary>A server with a login, a database, and the mongosh that is needed for it.</summary>
    public static async Task<TestMongo> StartAsync(string? password = null, TestCertificate? certificate = null)
    {
        await Servers.MongoShellAsync();
        var mongo = new TestMongo(password ?? "Pw" + Guid.NewGuid().ToString("N"), certificate);
        mongo.Server.Users["admin.monitor"] = (mongo.Password, true);
        (mongo.Definition.User, mongo.Definition.AuthSource, mongo.Definition.Database) = ("monitor", "admin", "shop");
        mongo.Definition.Password = SecretReference.Plain(mongo.Password);
        return mongo;
    }

    /// <summary>A server without logins.</summary>
    public static TestMongo Plain(TestCertificate? certificate = null) => new(string.Empty, certificate);

    /// <summary>What a server says of its set: name, state, health, seconds behind, itself.</summary>
    public static JsonObject Set(params (string Name, string State, int Health, int Behind, bool Self)[] members) => new()
    {
        ["set"] = "rs0",
        ["members"] = new JsonArray([.. members.Select(member => new JsonObject
        {
            ["name"] = member.Name,
            ["stateStr"] = member.State,
            ["health"] = member.Health,
            ["optimeDate"] = new JsonObject { ["$date"] = new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc).AddSeconds(-member.Behind) },
            ["self"] = member.Self,
            ["lastHeartbeatMessage"] = member.Health == 0 ? "Error connecting: Connection refused" : string.Empty,
        })]),
    };

    /// <summary>An entry of the profiler.</summary>
    public static JsonObject Entry(string operation, JsonObject command, int milliseconds, string application = "api") => new()
    {
        ["op"] = operation,
        ["ns"] = "shop.orders",
        ["command"] = command,
        ["millis"] = milliseconds,
        ["nreturned"] = 10,
        ["docsExamined"] = 1000,
        ["queryHash"] = "AB12",
        ["appName"] = application,
        ["ts"] = new JsonObject { ["$date"] = new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc) },
    };

    public async Task<DbConnectionTest> TestAsync() => await AskAsync<DbConnectionTest>(output => new ConnectionTester(Member, output).RunAsync(default));

    public async Task<DbStatus> StatusAsync() => await AskAsync<DbStatus>(output => new StatusReader(Member, output).RunAsync(default));

    public async Task<List<DbSession>> SessionsAsync()
    {
        Output = new RecordedOutput();
        await new SessionLister(Member, new SessionFilter(), allDatabases: false, Output).RunAsync(default);
        return Output.Items.OfType<DbSession>().ToList();
    }

    public async Task<List<DbSlowQuery>> SlowQueriesAsync()
    {
        Output = new RecordedOutput();
        await new SlowQueryReader(Member, new SlowQueryRequest(10, DbSlowQueryOrder.Total, null, null, false), Output).RunAsync(default);
        return Output.Items.OfType<DbSlowQuery>().ToList();
    }

    public async Task<RecordedOutput> StopAsync(IEnumerable<SeenSession> seen, bool terminate = false)
    {
        Output = new RecordedOutput();
        var changes = new ChangeRunner(Output, new MemoryJournal(), new ChangeOrigin("Stop-DbSession", "shop", null, false));
        await new SessionStopper(Member, new SessionStopRequest(terminate, false, TimeSpan.FromMilliseconds(300)), changes, Output).RunAsync([.. seen], default);
        return Output;
    }

    public async ValueTask DisposeAsync()
    {
        await _session.DisposeAsync();
        await Server.DisposeAsync();
        Assert.Empty(Server.CommandNames.Except(Allowed));
    }

    private async Task<T> AskAsync<T>(Func<RecordedOutput, Task> ask)
    {
        Output = new RecordedOutput();
        await ask(Output);
        return Assert.Single(Output.Items.OfType<T>());
    }
}
