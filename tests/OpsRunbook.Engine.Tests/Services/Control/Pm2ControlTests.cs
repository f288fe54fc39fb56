using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using OpsRunbook.Engine.Services;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Services;

public sealed class Pm2ControlTests
{
    private static int _names;

    [SkippableFact]
    public async Task A_restart_gives_a_new_process_that_is_healthy_and_is_recorded()
    {
        await using var app = await App.StartAsync(SampleApp.ScriptFile);
        await using var run = new ServiceRun(app.Stack());
        var before = await run.ReadAsync("api");

        var result = await run.ActAsync(ServiceAction.Restart, "api");

        var after = await run.ReadAsync("api");
        Assert.Empty(run.ErrorIds);
        Assert.Equal((ServiceOutcome.Done, HealthStatus.Healthy), (result!.Outcome, result.Status));
        Assert.NotEqual(before.Pid, after.Pid);
        Assert.Equal((HealthStatus.Healthy, HealthStatus.Healthy), (result.Before!.Status, result.After!.Status));
        Assert.Equal([JournalPhase.Started, JournalPhase.Ended], run.Journal.Records.Select(record => record.Phase));
        Assert.Equal(JournalOutcome.Succeeded, run.Journal.Records[1].Outcome);
        Assert.Equal("fork_mode", after.Detail["exec_mode"]);
        Assert.NotNull(after.MemoryBytes);
        Assert.NotNull(after.CpuPercent);
    }

    [SkippableFact]
    public async Task What_if_shows_the_steps_and_touches_nothing()
    {
        await using var app = await App.StartAsync(SampleApp.ScriptFile);
        await using var run = new ServiceRun(app.Stack(), whatIf: true);
        var before = await run.ReadAsync("api");

        await run.ActAsync(ServiceAction.Restart, "api");

        Assert.Equal(["Restart", "Wait"], run.Plan.Select(step => step.Action));
        Assert.StartsWith("pm2 restart ", run.Plan[0].Detail, StringComparison.Ordinal);
        Assert.Equal(before.Pid, (await run.ReadAsync("api")).Pid);
        Assert.Empty(run.Journal.Records);
    }

    [SkippableFact]
    public async Task Stop_and_start_are_followed_and_a_second_time_changes_nothing()
    {
        await using var app = await App.StartAsync(SampleApp.ScriptFile);
        foreach (var (action, outcome) in new[]
        {
            (ServiceAction.Stop, ServiceOutcome.Done), (ServiceAction.Stop, ServiceOutcome.Unchanged),
            (ServiceAction.Start, ServiceOutcome.Done), (ServiceAction.Start, ServiceOutcome.Unchanged),
        })
        {
            await using var run = new ServiceRun(app.Stack());
            Assert.Equal((action, outcome), (action, (await run.ActAsync(action, "api"))!.Outcome));
            Assert.Equal(action == ServiceAction.Stop ? 0 : 1, (await run.ReadAsync("api")).Instances);
        }
    }

    [SkippableFact]
    public async Task A_crash_loop_is_told_with_exit_code_and_last_lines()
    {
        await using var app = await App.StartAsync(SampleApp.ScriptFile);
        await app.ReplaceAsync("console.error('boom: cannot read the password=hunter2 of the database'); process.exit(3);");
        await using var run = new ServiceRun(app.Stack());

        var result = await run.ActAsync(ServiceAction.Restart, "api");

        Assert.Equal((ServiceOutcome.CrashLoop, HealthStatus.Critical), (result!.Outcome, result.Status));
        Assert.Equal(3, result.Evidence!.ExitCode);
        Assert.Contains(result.Evidence.Log, line => line.Contains("boom: cannot read", StringComparison.Ordinal));
        Assert.DoesNotContain(result.Evidence.Log, line => line.Contains("hunter2", StringComparison.Ordinal));
        var error = Assert.Single(run.Output.Errors);
        Assert.Equal("Service.CrashLoop", error.Id);
        Assert.Contains("exit code 3", error.Message, StringComparison.Ordinal);
        Assert.Equal(JournalOutcome.Failed, run.Journal.Records[1].Outcome);
    }

    [SkippableFact]
    public async Task A_slow_start_is_waited_for()
    {
        await using var app = await App.StartAsync(SampleApp.ScriptFile);
        await app.ReplaceAsync($"setTimeout(() => require({JsonSerializer.Serialize(SampleApp.ScriptFile)}), 5000);");
        await using var run = new ServiceRun(app.Stack());

        var result = await run.ActAsync(ServiceAction.Restart, "api");

        Assert.Equal((ServiceOutcome.Done, HealthStatus.Healthy), (result!.Outcome, result.After!.Status));
        Assert.Contains(run.Output.ProgressLines, line => line.Contains("left", StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task What_never_becomes_healthy_ends_at_the_deadline_and_is_left_running()
    {
        await using var app = await App.StartAsync(SampleApp.ScriptFile);
        await File.WriteAllTextAsync(app.Control, SampleApp.Control(status: 503));
        await using var run = new ServiceRun(app.Stack()) { Timeout = TimeSpan.FromSeconds(4) };

        var result = await run.ActAsync(ServiceAction.Restart, "api");

        Assert.Equal(ServiceOutcome.Failed, result!.Outcome);
        Assert.Contains("503", result.Message, StringComparison.Ordinal);
        Assert.Equal(["Service.NotHealthy"], run.ErrorIds);
        Assert.Equal(1, (await run.ReadAsync("api")).Instances);
    }

    [SkippableFact]
    public async Task Who_holds_the_port_is_named()
    {
        await using var app = await App.StartAsync(SampleApp.ScriptFile);
        await using (var stop = new ServiceRun(app.Stack()))
        {
            await stop.ActAsync(ServiceAction.Stop, "api");
        }

        using var holder = new TcpListener(IPAddress.Loopback, app.Port);
        holder.Start();
        await using var run = new ServiceRun(app.Stack());

        await run.ActAsync(ServiceAction.Start, "api");

        var error = Assert.Single(run.Output.Errors);
        Assert.Equal("Service.PortInUse", error.Id);
        Assert.Contains($"port {app.Port} is held by", error.Message, StringComparison.Ordinal);
        Assert.Contains($"pid {Environment.ProcessId}", error.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_cluster_is_scaled_and_reloaded_without_a_failed_request()
    {
        await using var app = await App.StartAsync(SampleApp.ScriptFile, cluster: 2);
        await using var scale = new ServiceRun(app.Stack());
        var result = await scale.ScaleAsync("api", 3);
        Assert.Empty(scale.ErrorIds);
        Assert.Equal((ServiceOutcome.Done, 2, 3), (result!.Outcome, result.InstancesBefore, result.InstancesAfter));
        Assert.Equal(3, (await scale.ReadAsync("api")).InstanceList.Count(instance => instance.State == "online"));

        await using var reload = new ServiceRun(app.Stack());
        Assert.Equal(ServiceOutcome.Done, (await reload.ActAsync(ServiceAction.Reload, "api"))!.Outcome);
    }

    [SkippableFact]
    public async Task Instances_that_do_not_come_up_are_taken_back()
    {
        await using var app = await App.StartAsync(SampleApp.ScriptFile, cluster: 2);
        await app.ReplaceAsync($"if (Number(process.env.NODE_APP_INSTANCE) >= 2) {{ console.error('no license for a third one'); process.exit(4); }} require({JsonSerializer.Serialize(SampleApp.ScriptFile)});");
        await using var run = new ServiceRun(app.Stack());

        var result = await run.ScaleAsync("api", 3);

        Assert.Equal((ServiceOutcome.Reverted, 2, 2), (result!.Outcome, result.InstancesBefore, result.InstancesAfter));
        Assert.Single(run.ErrorIds);
        var after = await run.ReadAsync("api");
        Assert.Equal((HealthStatus.Healthy, 2, 2), (after.Status, after.Instances, after.InstanceList.Count));
    }

    [SkippableFact]
    public async Task Fork_mode_is_neither_scaled_nor_reloaded()
    {
        await using var app = await App.StartAsync(SampleApp.ScriptFile);
        await using var run = new ServiceRun(app.Stack());

        await run.ScaleAsync("api", 2);
        await run.ActAsync(ServiceAction.Reload, "api");

        Assert.Equal(["Service.CannotScale", "Service.CannotReload"], run.ErrorIds);
        Assert.All(run.Output.Errors, error => Assert.Contains("fork mode", error.Message, StringComparison.Ordinal));
        Assert.Single((await run.ReadAsync("api")).InstanceList);
    }

    [SkippableFact]
    public async Task A_memory_limit_is_set_and_the_result_knows_the_old_one()
    {
        await using var app = await App.StartAsync(SampleApp.ScriptFile);
        await using var run = new ServiceRun(app.Stack());

        var set = await run.LimitAsync("api", memory: 400L << 20);
        Assert.Equal((400L << 20, null, true), (set!.MemoryLimitBytes!.Value, set.PreviousMemoryLimitBytes, set.WasRestarted));

        var undone = await run.LimitAsync("api", memory: 0);
        Assert.Equal((null, 400L << 20), (undone!.MemoryLimitBytes, undone.PreviousMemoryLimitBytes!.Value));
        Assert.Null((await run.ReadAsync("api")).MemoryLimitBytes);

        await run.LimitAsync("api", memory: 1 << 20);
        await run.LimitAsync("api", cpus: 1);
        Assert.Equal(["Service.CannotSetLimit", "Service.CannotSetLimit"], run.ErrorIds);
    }

    [SkippableTheory]
    [InlineData("no such app")]
    [InlineData("x; touch /tmp/opsrunbook-injected")]
    [InlineData("$(touch /tmp/opsrunbook-injected)")]
    [InlineData("'\"`touch /tmp/opsrunbook-injected`\"'")]
    [InlineData("--all")]
    [InlineData("all")]
    [InlineData("a\ntouch /tmp/opsrunbook-injected")]
    public async Task A_name_is_never_more_than_a_name(string unit)
    {
        await using var app = await App.StartAsync(SampleApp.ScriptFile);
        var stack = app.Stack();
        stack.Services["api"].Unit = unit;
        var pid = await app.PidAsync();
        await using var run = new ServiceRun(stack);

        await run.ActAsync(ServiceAction.Restart, "api");
        await run.ActAsync(ServiceAction.Stop, "api");
        await run.ScaleAsync("api", 2);

        Assert.Equal(["Service.NotFound", "Service.NotFound", "Service.NotFound"], run.ErrorIds);
        Assert.Empty(run.Results);
        Assert.False(File.Exists("/tmp/opsrunbook-injected"));
        Assert.Equal(pid, await app.PidAsync());
    }

    [SkippableFact]
    public async Task Without_a_daemon_nothing_is_started()
    {
        await Servers.Pm2Async();
        var home = Directory.CreateTempSubdirectory("opsrunbook-pm2-").FullName;
        var stack = new OpsStack { Name = "shop", Services = { ["api"] = new StackService { Manager = ServiceManagerKind.Pm2, Pm2Home = home } } };
        await using var run = new ServiceRun(stack);

        await run.ActAsync(ServiceAction.Start, "api");

        Assert.Equal(["Service.ManagerDown"], run.ErrorIds);
        Assert.Empty(Directory.GetFileSystemEntries(home));
        Directory.Delete(home);
    }

    /// <summary>An application of the shared daemon, whose script can be replaced.</summary>
    private sealed class App(Pm2Daemon pm2, string name, int port) : IAsyncDisposable
    {
        public int Port => port;

        public string Control => Path.Combine(pm2.Folder, name + ".control.json");

        // A space in the path of the script is more than pm2 itself can do.
        private string Script => Path.Combine(pm2.Folder, name.Replace(' ', '_') + ".js");

        public static async Task<App> StartAsync(string script, int cluster = 0)
        {
            var pm2 = await Servers.Pm2Async();
            var app = new App(pm2, $"control {Environment.ProcessId}-{Interlocked.Increment(ref _names)}".Replace(' ', cluster > 0 ? '-' : ' '), TestRun.FreePort());
            await app.ReplaceAsync($"require({JsonSerializer.Serialize(script)});");
            var ecosystem = Path.Combine(pm2.Folder, app.Name + ".config.json");
            await File.WriteAllTextAsync(ecosystem, JsonSerializer.Serialize(new
            {
                apps = new[]
                {
                    new
                    {
                        name = app.Name,
                        script = app.Script,
                        exec_mode = cluster > 0 ? "cluster" : "fork",
                        instances = Math.Max(1, cluster),
                        env = new Dictionary<string, string> { ["PORT"] = $"{app.Port}", ["CONTROL"] = app.Control },
                    },
                },
            }));
            await pm2.ExecuteAsync("start", ecosystem);
            await using var run = new ServiceRun(app.Stack());
            await run.ActAsync(ServiceAction.Start, "api");
            return app;
        }

        private string Name => name;

        public OpsStack Stack() => new()
        {
            Name = "shop",
            Thresholds = { Latency = ServiceRun.NoLatency },
            Services =
            {
                ["api"] = new StackService
                {
                    Manager = ServiceManagerKind.Pm2,
                    Unit = name,
                    Pm2Home = pm2.Folder,
                    Ports = [port],
                    Health = [new StackHealthCheck { Url = $"http://127.0.0.1:{port}/health", Status = "200", Timeout = TimeSpan.FromSeconds(20) }],
                },
            },
        };

        public Task ReplaceAsync(string script) => File.WriteAllTextAsync(Script, script);

        public async Task<int?> PidAsync()
        {
            await using var run = new ServiceRun(Stack());
            return (await run.ReadAsync("api")).Pid;
        }

        public async ValueTask DisposeAsync() => await pm2.ExecuteAsync("delete", name);
    }
}
