using OpsRunbook.Engine.Services;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Services;

public sealed class ContainerControlTests
{
    private const string Sleep = "while :; do sleep 1; done";

    [SkippableFact]
    public async Task A_container_is_stopped_started_and_restarted()
    {
        await using var container = await Container.StartAsync(Sleep);
        await using var run = new ServiceRun(container.Stack());
        var before = await run.ReadAsync("api");

        await run.ActAsync(ServiceAction.Restart, "api");
        var after = await run.ReadAsync("api");
        await run.ActAsync(ServiceAction.Stop, "api");
        Assert.Equal(0, (await run.ReadAsync("api")).Instances);
        await run.ActAsync(ServiceAction.Start, "api");

        Assert.Empty(run.ErrorIds);
        Assert.Equal([ServiceOutcome.Done, ServiceOutcome.Done, ServiceOutcome.Done], run.Results.Select(result => result.Outcome));
        Assert.NotEqual(before.Pid, after.Pid);
        Assert.Equal(DockerEngine.BusyboxImage, after.Detail["Image"]);
        Assert.NotNull(after.MemoryBytes);
    }

    [SkippableFact]
    public async Task A_crash_loop_is_told_with_exit_code_and_last_lines()
    {
        await using var container = await Container.StartAsync("test -e /run/started && { echo boom >&2; exit 5; }; touch /run/started; " + Sleep, "--restart", "always");
        await using var run = new ServiceRun(container.Stack());

        var result = await run.ActAsync(ServiceAction.Restart, "api");

        Assert.Equal(ServiceOutcome.CrashLoop, result!.Outcome);
        Assert.Equal(5, result.Evidence!.ExitCode);
        Assert.Contains("boom", result.Evidence.Log);
        Assert.Equal(["Service.CrashLoop"], run.ErrorIds);
    }

    [SkippableFact]
    public async Task What_cannot_be_done_to_a_container_says_why()
    {
        await using var container = await Container.StartAsync(Sleep, "--memory", "32m");
        await using var run = new ServiceRun(container.Stack());

        await run.ActAsync(ServiceAction.Recreate, "api");
        await run.ActAsync(ServiceAction.Reload, "api");
        await run.ScaleAsync("api", 2);
        await run.LimitAsync("api", memory: 0);

        Assert.Equal(["Service.CannotRecreate", "Service.CannotReload", "Service.CannotScale", "Service.CannotSetLimit"], run.ErrorIds);
    }

    [SkippableFact]
    public async Task Limits_are_set_and_the_result_knows_the_old_ones()
    {
        await using var container = await Container.StartAsync(Sleep, "--memory", "32m");
        await using var run = new ServiceRun(container.Stack());

        var set = await run.LimitAsync("api", 64L << 20, 0.5);

        Assert.Empty(run.ErrorIds);
        Assert.Equal((64L << 20, 32L << 20, 0.5, null, false), (set!.MemoryLimitBytes!.Value, set.PreviousMemoryLimitBytes!.Value, set.CpuLimit!.Value, set.PreviousCpuLimit, set.WasRestarted));
    }

    [SkippableTheory]
    [InlineData("no-such")]
    [InlineData("../info")]
    [InlineData("a b; touch /tmp/injected")]
    [InlineData("-v")]
    [InlineData("a\nb")]
    public async Task A_name_is_never_more_than_a_name(string unit)
    {
        var docker = await Servers.DockerAsync();
        await using var run = new ServiceRun(Stack(docker.Address, unit));

        await run.ActAsync(ServiceAction.Stop, "api");

        Assert.Equal(["Service.NotFound"], run.ErrorIds);
    }

    [Fact]
    public async Task An_engine_that_is_not_there_is_said_once()
    {
        var stack = Stack("unix:///nonexistent/docker.sock", "api");
        await using var run = new ServiceRun(stack);
        await run.ActAsync(ServiceAction.Restart, "api");
        Assert.Equal(["Docker.SocketMissing"], run.ErrorIds);

        var output = new RecordedOutput();
        await ServiceReader.ReadAsync(run.Session, ServiceTargets.Of(stack), TimeSpan.Zero, output, default);
        Assert.Equal("Docker.SocketMissing", Assert.Single(output.Errors).Id);
        Assert.Equal((HealthStatus.Unknown, "Docker.SocketMissing"), Assert.Single(output.Items) is OpsService service ? (service.Status, service.Reason) : default);
    }

    [SkippableFact]
    public async Task A_compose_service_is_scaled_restarted_one_by_one_and_recreated_with_a_new_environment()
    {
        var docker = await Servers.DockerAsync();
        await using var project = await docker.NewComposeProjectAsync($$"""
            version: "2.4"
            services:
              api: { image: "{{DockerEngine.BusyboxImage}}", command: sh -c "{{Sleep}}", env_file: api.env, stop_grace_period: 1s }
              fixed: { image: "{{DockerEngine.BusyboxImage}}", command: sh -c "{{Sleep}}", container_name: "{{docker.NewName("fixed")}}", stop_grace_period: 1s }
              port: { image: "{{DockerEngine.BusyboxImage}}", command: sh -c "{{Sleep}}", ports: ["127.0.0.1:{{TestRun.FreePort()}}:80"], stop_grace_period: 1s }
            """, files: new Dictionary<string, string> { ["api.env"] = "LEVEL=info\n" });
        var stack = Stack(docker.Address, "api", ServiceManagerKind.Compose, project);
        await using var run = new ServiceRun(stack);

        var scaled = await run.ScaleAsync("api", 2);
        Assert.Empty(run.ErrorIds);
        Assert.Equal((ServiceOutcome.Done, 1, 2), (scaled!.Outcome, scaled.InstancesBefore, scaled.InstancesAfter));
        var before = await run.ReadAsync("api");
        await run.ActAsync(ServiceAction.Restart, "api");
        var after = await run.ReadAsync("api");
        Assert.Equal(before.InstanceList.Select(instance => instance.Id), after.InstanceList.Select(instance => instance.Id));
        Assert.Empty(before.InstanceList.Select(instance => instance.Pid).Intersect(after.InstanceList.Select(instance => instance.Pid)));

        // A restart keeps the old environment; only a recreation takes the new one.
        await File.WriteAllTextAsync(Path.Combine(project.Folder, "api.env"), "LEVEL=debug\n");
        await run.ActAsync(ServiceAction.Restart, "api");
        Assert.Contains("LEVEL=info", await EnvironmentAsync(docker, run), StringComparison.Ordinal);
        await run.ActAsync(ServiceAction.Recreate, "api");
        Assert.Contains("LEVEL=debug", await EnvironmentAsync(docker, run), StringComparison.Ordinal);
        Assert.Empty(run.ErrorIds);

        stack.Services["api"].Unit = "fixed";
        await using var fixedName = new ServiceRun(stack);
        await fixedName.ScaleAsync("api", 2);
        stack.Services["api"].Unit = "port";
        await using var fixedPort = new ServiceRun(stack);
        await fixedPort.ScaleAsync("api", 2);
        Assert.Contains("fixed name", Assert.Single(fixedName.Output.Errors).Message, StringComparison.Ordinal);
        Assert.Contains("publishes it on port", Assert.Single(fixedPort.Output.Errors).Message, StringComparison.Ordinal);

        await File.AppendAllTextAsync(project.File, "  : : not yaml\n");
        stack.Services["api"].Unit = "api";
        await using var broken = new ServiceRun(stack);
        var pid = (await broken.ReadAsync("api")).Pid;
        var failed = await broken.ActAsync(ServiceAction.Recreate, "api");
        Assert.Equal(ServiceOutcome.Failed, failed!.Outcome);
        Assert.Contains("refused by the compose tool", failed.Message, StringComparison.Ordinal);
        Assert.Equal(pid, (await broken.ReadAsync("api")).Pid);
        await File.WriteAllTextAsync(project.File, (await File.ReadAllTextAsync(project.File)).Replace("  : : not yaml\n", string.Empty, StringComparison.Ordinal));
    }

    private static async Task<string> EnvironmentAsync(DockerEngine docker, ServiceRun run) =>
        await docker.ExecuteAsync("inspect", "-f", "{{.Config.Env}}", (await run.ReadAsync("api")).InstanceList[0].Id);

    private static OpsStack Stack(string engine, string unit, ServiceManagerKind manager = ServiceManagerKind.Docker, ComposeProject? project = null) => new()
    {
        Name = "shop",
        Thresholds = { Latency = ServiceRun.NoLatency },
        Hosts = { ["engine"] = new StackHost { Docker = engine } },
        Services = { ["api"] = new StackService { Manager = manager, Unit = unit, Host = "engine", ComposeFile = project?.File, Project = project?.Name } },
    };

    private sealed class Container(DockerEngine docker, string name) : IAsyncDisposable
    {
        public static async Task<Container> StartAsync(string command, params string[] options)
        {
            var docker = await Servers.DockerAsync();
            var name = docker.NewName("control");
            await docker.RunContainerAsync(["--name", name, "--stop-timeout", "1", .. options, DockerEngine.BusyboxImage, "sh", "-c", command]);
            return new Container(docker, name);
        }

        public OpsStack Stack() => ContainerControlTests.Stack(docker.Address, name);

        public async ValueTask DisposeAsync() => await docker.ExecuteAsync("rm", "-fv", name);
    }
}
