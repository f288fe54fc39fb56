using System.Net.Sockets;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Services;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Services;

public sealed class Pm2ManagerTests
{
    private static readonly IServiceManager Manager = ServiceManagers.Get(ServiceManagerKind.Pm2);

    [Fact]
    public async Task A_banner_before_the_list_is_skipped()
    {
        const string said = """

                                    -------------
            [PM2] Spawning PM2 daemon with pm2_home=/root/.pm2
            >>>> In-memory PM2 is out-of-date, do:
            [PM2][WARN] no apps
            [{"name":"api","pid":7,"pm2_env":{"status":"online","restart_time":2,"pm_uptime":1795218963281},"monit":{"memory":1024,"cpu":0}}]
            """;

        var state = await Manager.GetStateAsync(new ScriptedHost(_ => new CommandResult(0, said, string.Empty)), new UnitReference("api"), default);

        Assert.Equal((HealthStatus.Healthy, "online", 7, 2, 1024L), (state.Status, state.State, state.Pid, state.Restarts, state.MemoryBytes));
        Assert.Equal(new DateTime(2026, 11, 20, 23, 56, 3, 281, DateTimeKind.Utc), state.Since);
    }

    [Theory]
    [InlineData("online,online", HealthStatus.Healthy, "2 of 2 online", null, 2)]
    [InlineData("online,errored", HealthStatus.Warning, "1 of 2 online, 1 of 2 errored", "Service.Unhealthy", 1)]
    [InlineData("errored", HealthStatus.Critical, "errored", "Service.Down", 0)]
    [InlineData("stopped,stopped", HealthStatus.Critical, "2 of 2 stopped", "Service.Down", 0)]
    [InlineData("launching", HealthStatus.Warning, "launching", "Service.Starting", 0)]
    [InlineData("waiting restart", HealthStatus.Critical, "waiting restart", "Service.Restarting", 0)]
    public async Task The_instances_of_an_application_are_judged_together(string statuses, HealthStatus status, string state, string? reason, int instances)
    {
        var list = "[" + string.Join(',', statuses.Split(',').Select(text => $$$"""{"name":"api","pid":1,"pm2_env":{"status":"{{{text}}}"}}""")) + "]";

        var result = await Manager.GetStateAsync(new ScriptedHost(_ => new CommandResult(0, list, string.Empty)), new UnitReference("api"), default);

        Assert.Equal((status, state, reason, instances), (result.Status, result.State, result.Reason, result.Instances));
    }

    [Fact]
    public async Task What_is_no_list_is_an_error()
    {
        var error = await Assert.ThrowsAsync<OpsException>(
            () => Manager.GetStateAsync(new ScriptedHost(_ => new CommandResult(0, "[PM2] hello\n", string.Empty)), new UnitReference("api"), default));

        Assert.Equal("Service.ManagerUnavailable", error.Id);
    }

    [Fact]
    public async Task A_daemon_that_does_not_run_is_not_started()
    {
        var home = Directory.CreateTempSubdirectory("opsrunbook-").FullName;
        await using var host = new LocalHost();
        try
        {
            // What kill -9 leaves: the socket, and the id of a process that is somebody else's today.
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            socket.Bind(new UnixDomainSocketEndPoint(Path.Combine(home, "rpc.sock")));
            await File.WriteAllTextAsync(Path.Combine(home, "pm2.pid"), $"{Environment.ProcessId}");
            var state = await Manager.GetStateAsync(new AtHome(host, home).Host, new UnitReference("api"), default);

            Assert.Equal((HealthStatus.Critical, "the pm2 daemon does not run"), (state.Status, state.State));
            Assert.Equal(2, Directory.GetFileSystemEntries(home).Length);
        }
        finally
        {
            Directory.Delete(home, recursive: true);
        }
    }

    [SkippableFact]
    public async Task A_real_daemon_tells_the_state_of_its_applications()
    {
        var pm2 = await Servers.Pm2Async();
        await using var host = new LocalHost();
        var name = $"unit-{Environment.ProcessId}";
        await pm2.StartAppAsync(name, TestRun.FreePort());
        var scripted = new AtHome(host, pm2.Folder, pm2.ClientEnvironment["PATH"]).Host;
        try
        {
            var online = await Manager.GetStatesAsync(scripted, [new(name), new("no-such-app")], default);
            await pm2.ExecuteAsync("stop", name);
            var stopped = await Manager.GetStateAsync(scripted, new UnitReference(name), default);

            Assert.Equal((HealthStatus.Healthy, "online", 1), (online[0].Status, online[0].State, online[0].Instances));
            Assert.True(online[0].Pid > 0);
            Assert.True(DateTime.UtcNow - online[0].Since < TimeSpan.FromMinutes(10));
            Assert.Equal((HealthStatus.Critical, "Service.NotFound"), (online[1].Status, online[1].Reason));
            Assert.Equal((HealthStatus.Critical, "stopped", "Service.Down"), (stopped.Status, stopped.State, stopped.Reason));
        }
        finally
        {
            await pm2.ExecuteAsync("delete", name);
        }
    }

    /// <summary>Gives every command a PM2_HOME of its own.</summary>
    private sealed class AtHome(LocalHost host, string home, string? path = null)
    {
        public ScriptedHost Host => new(command => host.RunAsync(
            command with
            {
                Environment = new Dictionary<string, string>
                {
                    ["PM2_HOME"] = home,
                    ["PATH"] = path ?? Environment.GetEnvironmentVariable("PATH")!,
                },
            },
            default).GetAwaiter().GetResult());
    }
}
