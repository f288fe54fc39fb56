using OpsRunbook.Engine.Hosts;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Cmdlets.Tests.Containers;

public sealed class ContainerCommandTests
{
    [SkippableFact]
    public async Task The_containers_of_an_engine_are_shown_and_one_engine_that_fails_does_not_end_the_others()
    {
        var docker = await Servers.DockerAsync();
        var name = docker.NewName("cmd");
        await docker.RunContainerAsync("--name", name, DockerEngine.BusyboxImage);
        var stack = new OpsStack
        {
            Name = "test",
            Hosts = { [LocalHost.LocalName] = new StackHost { Docker = docker.Address }, ["dead"] = new StackHost { Docker = "unix:///nonexistent.sock" } },
            Services = { ["api"] = new StackService { Manager = ServiceManagerKind.Docker, Host = LocalHost.LocalName, Unit = name } },
        };

        var stats = new TestSink();
        using var stat = new GetContainerStatCommand { Sink = stats, Stack = stack, Name = ["api", "apj"] };
        Run(stat);
        Assert.Equal((name, "api"), (Assert.IsType<ContainerStat>(Assert.Single(stats.Objects)).Name, ((ContainerStat)stats.Objects.First()).Service));
        var error = Assert.Single(stats.Errors);
        Assert.Equal("Container.NotFound", error.Id);
        Assert.Contains("'api'", error.FullMessage, StringComparison.Ordinal);

        // Without an answer of the other engine nobody can say that there is no such thing.
        var usages = new TestSink();
        using var usage = new GetDockerUsageCommand { Sink = usages, Stack = stack, HostName = ["local", "dead"], Name = ["api", "nowhere"], Kind = [DockerUsageKind.Container] };
        Run(usage);
        Assert.Equal(name, Assert.IsType<DockerUsage>(Assert.Single(usages.Objects)).Name);
        Assert.Equal("Docker.SocketMissing", Assert.Single(usages.Errors).Id);
        await docker.ExecuteAsync("rm", "-f", name);
    }

    private static void Run(OpsCmdlet cmdlet)
    {
        cmdlet.RunBegin();
        cmdlet.RunProcess();
        cmdlet.RunEnd();
    }
}
