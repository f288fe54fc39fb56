using System.Net;
using OpsRunbook.Engine.Maintenance;
using OpsRunbook.Engine.Monitoring;
using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.Services;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Engine.State;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Maintenance;

/// <summary>A stack of one test: two services that are processes, and everything that a window of maintenance touches.</summary>
internal sealed class WindowStack : IAsyncDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(20);
    private readonly WindowServers _servers;
    private readonly byte[] _configuration;
    private readonly string _state = TestRun.NewFolder("state");

    private WindowStack(WindowServers servers)
    {
        _servers = servers;
        _configuration = File.ReadAllBytes(servers.Nginx.ConfigFile);
        var none = new Threshold();
        var folder = TestRun.NewFolder("window");
        Stack = new OpsStack
        {
            Name = $"shop-{Guid.NewGuid():N}"[..12],
            Services = { ["api"] = Service(folder, "a"), ["worker"] = Service(folder, "w") },
            WebServers = { ["web"] = new StackWebServer { Config = servers.Nginx.ConfigFile, Health = [new StackHealthCheck { Url = $"{servers.Nginx.Url}health" }] } },
            Monitoring = new StackMonitoring { Alertmanager = servers.Alertmanager.Url },
            Announce = { ["chat"] = new StackAnnounceChannel { Kind = AnnounceKind.Slack, Url = SecretReference.Plain(servers.Receiver.Url) } },
            Thresholds = new StackThresholds { Disk = none, Inodes = none, Cpu = none, Memory = none, Swap = none, Load = none, Latency = none },
            Maintenance = new StackMaintenance
            {
                Announce = ["chat"],
                MaintenanceMode = ["web"],
                Stop = ["api", "worker"],
                SmokeTests = [new StackHealthCheck { Name = "ready", Url = $"{servers.Nginx.Url}health", Status = "200" }],
            },
        };
        Stack.Services["worker"].DependsOn.Add("api");
    }

    public OpsStack Stack { get; }

    public RecordedOutput Output { get; set; } = new();

    public ShiftedTime Time { get; } = new();

    /// <summary>The texts that were announced by this stack, in their order.</summary>
    public IReadOnlyList<string> Announced => [.. _servers.Receiver.Posts.Select(post => post.Body).Where(body => body.Contains(Stack.Name, StringComparison.Ordinal))];

    public static async Task<WindowStack> CreateAsync(WindowServers servers)
    {
        var stack = new WindowStack(servers);
        await stack.EachAsync(ServiceAction.Start);
        return stack;
    }

    public StackSession Session(Func<IStateStore, IStateStore>? store = null)
    {
        var state = Stack.State is null ? new FileStateStore(_state) : StateStores.Create(new StackSession(Stack));
        return new StackSession(Stack, store is null ? state : store(state));
    }

    public async Task<MaintenanceWindow?> StartAsync(WindowRequest? request = null, bool force = false, Func<IStateStore, IStateStore>? store = null, CancellationToken cancellationToken = default)
    {
        await using var session = Session(store);
        return await new WindowOpener(session, Origin("Start-MaintenanceWindow", force), Output, Timeout, Time).OpenAsync(request ?? new WindowRequest { Title = "New schema" }, cancellationToken);
    }

    public async Task<MaintenanceWindow?> StopAsync(CloseRequest? request = null, bool force = false, Func<IStateStore, IStateStore>? store = null)
    {
        await using var session = Session(store);
        return await new WindowCloser(session, Origin("Stop-MaintenanceWindow", force), Output, Timeout, Time).CloseAsync(request ?? new CloseRequest(), default);
    }

    public async Task<MaintenanceWindow?> PlanAsync(WindowPlan plan)
    {
        await using var session = Session();
        return await new WindowPlanner(session, Origin("Start-MaintenanceWindow", false), Output, Time).PlanAsync(plan, default);
    }

    public async Task<MaintenanceWindow?> ExtendAsync(TimeSpan more)
    {
        await using var session = Session();
        return await new WindowPlanner(session, Origin("Start-MaintenanceWindow", false), Output, Time).ExtendAsync(null, more, default);
    }

    public async Task<IReadOnlyList<MaintenanceWindow>> ListAsync(bool everything = false, DateTime? until = null)
    {
        await using var session = Session();
        return await new WindowList(session, Time).ReadAsync([], everything, until, default);
    }

    /// <summary>The silences of this stack's windows that mute now.</summary>
    public async Task<IReadOnlyList<AlertSilence>> SilencesAsync()
    {
        if (Stack.Monitoring is null)
        {
            return [];
        }

        await using var session = Session();
        return [.. (await new AlertmanagerClient(MonitoringServer.Alertmanager(session)).SilencesAsync(default))
            .Where(silence => silence.State != "expired" && silence.Matchers.Any(matcher => matcher.Value == Stack.Name))];
    }

    public async Task<HttpStatusCode> VisitAsync()
    {
        using var client = new HttpClient();
        using var answer = await client.GetAsync(new Uri(_servers.Nginx.Url));
        return answer.StatusCode;
    }

    public async Task<bool> RunsAsync(string service)
    {
        await using var session = Session();
        return (await ServiceReader.StateAsync(session.Host(null), ServiceTargets.Get(Stack, service), default)).Instances > 0;
    }

    /// <summary>Everything is as before the window.</summary>
    /// <param name="when">For the message.</param>
    public async Task AssertAsBeforeAsync(string when)
    {
        Assert.True(await RunsAsync("api") && await RunsAsync("worker"), $"{when}: a service does not run.");
        var configuration = await File.ReadAllBytesAsync(_servers.Nginx.ConfigFile);
        Assert.True(_configuration.SequenceEqual(configuration), $"{when}: nginx's configuration is another one.");
        Assert.True(await VisitAsync() == HttpStatusCode.OK, $"{when}: visitors are kept out.");
        Assert.True((await SilencesAsync()).Count == 0, $"{when}: alerts are silenced.");
    }

    public async Task EachAsync(ServiceAction action)
    {
        await using var session = Session();
        var output = new RecordedOutput();
        await new ServiceOperator(session, new ChangeRunner(output, session.State, Origin("test", false)), output, Timeout).RunAsync(action, [.. Stack.Services.Keys.Select(name => ServiceTargets.Get(Stack, name))], downFirst: true, default);
        Assert.Empty(output.Errors);
    }

    public async ValueTask DisposeAsync() => await EachAsync(ServiceAction.Stop);

    private ChangeOrigin Origin(string command, bool force) => new(command, Stack.Name, force ? "a test" : null, force);

    private static StackService Service(string folder, string prefix)
    {
        var program = Path.Combine(folder, $"{prefix}-{Guid.NewGuid():N}"[..12]);
        File.Copy("/bin/sleep", program);
        return new StackService { Manager = ServiceManagerKind.Process, Unit = program, Start = [program, "3600"], Directory = folder, Health = [new StackHealthCheck { Command = ["true"] }] };
    }
}
