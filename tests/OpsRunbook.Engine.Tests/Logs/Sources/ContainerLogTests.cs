using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Logs;
using OpsRunbook.Engine.Logs.Sources;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Logs.Sources;

public sealed class ContainerLogTests
{
    [SkippableFact]
    public async Task Both_outputs_are_told_apart_and_long_lines_are_whole()
    {
        var docker = await Servers.DockerAsync();
        var name = docker.NewName("logs");
        await docker.RunContainerAsync(
            "--name", name, DockerEngine.BusyboxImage, "sh", "-c",
            """
            echo '{"level":40,"msg":"pino warns","reqId":"r-1"}'
            sleep 1.2
            printf 'TypeError: boom\n    at x (a.js:1)\n' >&2
            sleep 1.2
            head -c 40000 /dev/zero | tr '\0' x; echo end
            """);
        await docker.ExecuteAsync("wait", name);
        var stack = await StackAsync(name);

        var records = await MemberLog.ReadAsync(stack);

        Assert.Equal(["pino warns", "TypeError: boom\n    at x (a.js:1)", new string('x', 40_000) + "end"], records.Select(record => record.Message));
        Assert.Equal(["stdout", "stderr", "stdout"], records.Select(record => record.Fields["stream"]));
        Assert.Equal([LogLevel.Warning, LogLevel.Error, LogLevel.Unknown], records.Select(record => record.Level));
        Assert.All(records, record => Assert.Equal(("api", "local", "container:" + name, (object)name), (record.Service, record.Host, record.SourceFile, record.Fields["container"])));
        Assert.Equal("r-1", records[0].Fields["reqId"]);
        Assert.InRange(records[0].Time!.Value, DateTime.UtcNow.AddMinutes(-5), DateTime.UtcNow);

        Assert.Equal([records[1].Message, records[2].Message], (await MemberLog.ReadAsync(stack, new LogQuery { Last = 2 })).Select(record => record.Message));
        Assert.Equal([records[1].Message], (await MemberLog.ReadAsync(stack, new LogQuery { Since = records[1].Time, Until = records[2].Time })).Select(record => record.Message));
    }

    [SkippableFact]
    public async Task One_with_a_terminal_is_read_too()
    {
        var docker = await Servers.DockerAsync();
        var name = docker.NewName("logs");
        await docker.RunContainerAsync("--name", name, "--tty", DockerEngine.BusyboxImage, "sh", "-c", "echo first; echo second");
        await docker.ExecuteAsync("wait", name);

        var records = await MemberLog.ReadAsync(await StackAsync(name));

        Assert.Equal(["first", "second"], records.Select(record => record.Message));
    }

    [SkippableTheory]
    [InlineData("--tty")]
    [InlineData("--tty=false")]
    public async Task The_last_lines_are_those_of_both_outputs(string terminal)
    {
        var docker = await Servers.DockerAsync();
        var name = docker.NewName("logs");
        await docker.RunContainerAsync("--name", name, terminal, DockerEngine.BusyboxImage, "sh", "-c", "echo; echo first; sleep 0.2; echo second >&2; sleep 0.2; echo third");
        await docker.ExecuteAsync("wait", name);
        await using var host = new LocalHost();

        Assert.Equal(["second", "third"], await new ContainerSource(host, docker.Address, name, name, "api").LastLinesAsync(2, CancellationToken.None));
        Assert.Equal(["first", "second", "third"], await new ContainerSource(host, docker.Address, name, name, "api").LastLinesAsync(50, CancellationToken.None));
    }

    [SkippableFact]
    public async Task Following_goes_on_when_the_container_is_restarted()
    {
        var docker = await Servers.DockerAsync();
        var name = docker.NewName("logs");
        await docker.RunContainerAsync("--name", name, DockerEngine.BusyboxImage, "sh", "-c", "echo before; sleep 4; n=$(cat /n 2>/dev/null || echo 0); n=$((n+1)); echo $n > /n; echo run $n; sleep 1000");

        var records = await MemberLog.FollowAsync(
            await StackAsync(name),
            (() => Task.CompletedTask, "run 1"),
            (() => docker.ExecuteAsync("restart", "--time", "0", name), "run 2"));

        Assert.Equal(["run 1", "before", "run 2"], records.Select(record => record.Message));
    }

    [SkippableFact]
    public async Task All_containers_of_a_compose_service_merge_in_order()
    {
        var docker = await Servers.DockerAsync();
        await using var project = await docker.NewComposeProjectAsync($$"""
            version: "2.4"
            services:
              web:
                image: {{DockerEngine.BusyboxImage}}
                command: ["sh", "-c", "for i in 1 2 3; do echo line $$i; sleep 0.3; done; sleep 1000"]
                network_mode: none
            """);
        await project.ExecuteAsync("up", "--detach", "--scale", "web=2");
        await Task.Delay(2500);
        var stack = new OpsStack { Name = "test" };
        stack.Hosts["engine"] = new StackHost { Docker = docker.Address };
        stack.Services["web"] = new StackService { Manager = ServiceManagerKind.Compose, Project = project.Name, Host = "engine" };

        var records = await MemberLog.ReadAsync(stack);

        Assert.Equal(6, records.Count);
        Assert.Equal(2, records.Select(record => record.Fields["container"]).Distinct().Count());
        Assert.Equal(records.OrderBy(record => record.Time), records);
    }

    [SkippableFact]
    public async Task One_that_is_gone_is_an_error()
    {
        var output = new RecordedOutput();

        Assert.Empty(await MemberLog.ReadAsync(await StackAsync("no-such-container"), null, output, "api"));
        Assert.Equal("Log.NoContainer", Assert.Single(output.Errors).Id);
    }

    private static async Task<OpsStack> StackAsync(string container)
    {
        var stack = new OpsStack { Name = "test" };
        stack.Hosts["local"] = new StackHost { Docker = (await Servers.DockerAsync()).Address };
        stack.Services["api"] = new StackService { Manager = ServiceManagerKind.Docker, Unit = container, Host = "local" };
        return stack;
    }
}
