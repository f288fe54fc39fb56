using System.Diagnostics;
using System.Text;
using OpsRunbook.Engine.Docker;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Hosts;

public class ContainerHostTests
{
    private static readonly Lazy<Task<(DockerEngine Docker, string Name)>> Shared = new(async () =>
    {
        var docker = await Servers.DockerAsync();
        var name = docker.NewName("hosts");
        await docker.RunContainerAsync("--name", name, "--memory", "64m", "--cpus", "0.5", "--label", "com.docker.compose.project=shop", "--label", "com.docker.compose.service=web", DockerEngine.BusyboxImage, "busybox", "httpd", "-f", "-p", "8080");
        return (docker, name);
    });

    [SkippableFact]
    public async Task Commands_run_with_arguments_input_environment_and_exit_code()
    {
        await using var host = await ConnectAsync();
        string[] arguments = ["a b", "'", "; id", "$(id)", "new\nline", "--", "", "ä€"];
        var command = new HostCommand(["sh", "-c", "cat; echo \"$X\" >&2; printf '%s|' \"$@\"; exit 5", "sh", .. arguments])
        {
            StandardInput = Encoding.UTF8.GetBytes("in|"),
            Environment = new Dictionary<string, string> { ["X"] = "y z" },
        };

        var result = await host.RunAsync(command, default);

        Assert.Equal((5, "in|" + string.Join('|', arguments) + "|", "y z\n"), (result.ExitCode, result.StandardOutput, result.StandardError));
    }

    [SkippableFact]
    public async Task Much_input_and_output_pass_at_the_same_time()
    {
        await using var host = await ConnectAsync();
        var input = Enumerable.Range(0, 2_000_000).Select(number => (byte)('a' + (number % 26))).ToArray();

        var result = await host.RunAsync(new HostCommand("cat") { StandardInput = input }, default);

        Assert.Equal(Encoding.UTF8.GetString(input), result.StandardOutput);
    }

    [SkippableFact]
    public async Task A_missing_command_is_named()
    {
        await using var host = await ConnectAsync();

        Assert.Equal("Host.CommandNotFound", (await FailAsync(() => host.RunAsync(new HostCommand("no-such-tool"), default))).Id);
        Assert.Equal(127, (await host.RunAsync(new HostCommand("sh", "-c", "exit 127"), default)).ExitCode);
    }

    [SkippableFact]
    public async Task A_command_out_of_time_is_ended_inside()
    {
        await using var host = await ConnectAsync();
        var seconds = $"{Random.Shared.Next(100_000, 900_000)}";
        var command = new HostCommand("sh", "-c", $"trap '' TERM; sleep {seconds} & sleep {seconds}") { Timeout = TimeSpan.FromSeconds(1) };
        var watch = Stopwatch.StartNew();

        Assert.Equal("Host.CommandTimeout", (await FailAsync(() => host.RunAsync(command, default))).Id);

        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(15), $"took {watch.Elapsed}");
        Assert.DoesNotContain(await host.GetProcessesAsync(default), process => process.CommandLine.Contains(seconds) && process.State != 'Z');
    }

    [SkippableFact]
    public async Task Files_are_written_read_and_found()
    {
        await using var host = await ConnectAsync();
        await host.RunAsync(new HostCommand("mkdir", "-p", "/tmp/f i l e s"), default);
        await host.RunAsync(new HostCommand("ln", "-sf", "one's", "/tmp/f i l e s/link"), default);

        await host.WriteFileAsync("/tmp/f i l e s/one's", "con\0tent"u8.ToArray(), default);

        Assert.Equal("con\0tent"u8.ToArray(), await host.ReadFileAsync("/tmp/f i l e s/one's", 8, default));
        Assert.Equal("con\0tent"u8.ToArray(), await host.ReadFileAsync("/tmp/f i l e s/link", 8, default));
        Assert.Equal(["/tmp/f i l e s/link", "/tmp/f i l e s/one's"], await host.FindFilesAsync("/tmp/f i*/*", default));
        Assert.Null(await host.ReadFileAsync("/tmp/none", 8, default));
        Assert.Equal("Host.FileTooLarge", (await FailAsync(() => host.ReadFileAsync("/tmp/f i l e s/one's", 7, default))).Id);
        Assert.Equal("Host.FileFailed", (await FailAsync(() => host.ReadFileAsync("/tmp", 8, default))).Id);
        Assert.NotEmpty((await host.ReadFileAsync("/proc/self/status", 100_000, default))!);
    }

    [SkippableFact]
    public async Task Localhost_is_the_container()
    {
        await using var host = await ConnectAsync();
        await using (var stream = await host.ConnectAsync("localhost", 8080, default))
        {
            await stream.WriteAsync("GET / HTTP/1.0\r\n\r\n"u8.ToArray());
            using var reader = new StreamReader(stream);
            Assert.StartsWith("HTTP/1", await reader.ReadLineAsync(), StringComparison.Ordinal);
        }

        Assert.Equal("Endpoint.PortClosed", (await FailAsync(() => host.ConnectAsync("localhost", 9, default))).Id);
    }

    [SkippableFact]
    public async Task A_server_on_the_containers_loopback_address_is_reached_from_inside()
    {
        await using var host = await ConnectAsync();
        await host.RunAsync(new HostCommand("sh", "-c", "busybox httpd -p 127.0.0.1:8081"), default);

        await using var stream = await host.ConnectAsync("localhost", 8081, default);

        await stream.WriteAsync("GET / HTTP/1.0\r\n\r\n"u8.ToArray());
        using var reader = new StreamReader(stream);
        Assert.StartsWith("HTTP/1", await reader.ReadLineAsync(), StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Processes_and_sockets_are_those_of_the_container()
    {
        await using var host = await ConnectAsync();

        var first = (await host.GetProcessesAsync(default))[0];
        var socket = (await host.GetListeningSocketsAsync(default)).Single(socket => socket.Port == 8080);

        Assert.Equal((1, "root"), (first.Pid, first.User));
        Assert.Contains("8080", first.CommandLine);
        Assert.Equal(("tcp", 1), (socket.Protocol, socket.Pid));
        Assert.Equal("/", (await host.GetMountsAsync(default))[0].Path);
    }

    [SkippableFact]
    public async Task Limits_of_the_container_count_as_the_machines()
    {
        await using var host = await ConnectAsync();

        var health = await HostInspector.InspectAsync(host, new StackThresholds(), default);

        Assert.Equal(64 * 1024 * 1024, health.MemoryTotalBytes);
        Assert.Equal(0.5, health.Cores);
        Assert.InRange(health.MemoryUsedPercent!.Value, 0.1, 80);
        Assert.InRange(health.Uptime!.Value, TimeSpan.Zero, TimeSpan.FromHours(1));
        Assert.Null(health.Load5);
        Assert.Equal(0, health.OomKills);
    }

    [SkippableFact]
    public async Task The_engine_tells_everything_about_a_container()
    {
        var (docker, name) = await Shared.Value;
        using var client = new DockerClient(new LocalHost(), docker.Address);

        var inspected = await client.InspectContainerAsync(name, default);
        var listed = (await client.ListContainersAsync(all: false, default)).Single(container => container.Name == name);

        Assert.Equal(("running", "shop", "web", 64 * 1024 * 1024L, 0.5), (inspected.State, inspected.ComposeProject, inspected.ComposeService, inspected.MemoryLimitBytes, inspected.CpuLimit));
        Assert.Equal((inspected.Id, inspected.Image, inspected.CreatedAt.Date), (listed.Id, listed.Image, listed.CreatedAt.Date));
        Assert.Null(inspected.ExitCode);
        Assert.NotNull(inspected.StartedAt);
        Assert.NotEmpty(inspected.Addresses);
        Assert.Single(await client.ListComposeAsync("shop", "web", default));
    }

    [SkippableFact]
    public async Task The_end_of_a_container_is_told()
    {
        var docker = await Servers.DockerAsync();
        var id = await docker.RunContainerAsync(DockerEngine.BusyboxImage, "sh", "-c", "exit 3");
        using var client = new DockerClient(new LocalHost(), docker.Address);
        await docker.ExecuteAsync("wait", id);

        var container = await client.InspectContainerAsync(id, default);

        Assert.Equal(("exited", 3, "exited (3)"), (container.State, container.ExitCode, container.Status));
        await using var host = new ContainerHost("x", id, docker.Address);
        Assert.Equal("Docker.ContainerNotRunning", (await FailAsync(() => host.RunAsync(new HostCommand("true"), default))).Id);
        Assert.Equal("Docker.ContainerNotRunning", (await FailAsync(() => host.ConnectAsync("localhost", 1, default))).Id);
    }

    [SkippableFact]
    public async Task Failures_of_the_engine_are_told_apart()
    {
        var docker = await Servers.DockerAsync();
        await using var unknown = new ContainerHost("x", "no-such/container", docker.Address);
        await using var missing = new ContainerHost("x", "y", "unix:///tmp/no-such.sock");
        await using var closed = new ContainerHost("x", "y", "tcp://127.0.0.1:1");

        Assert.Equal("Docker.NoSuchContainer", (await FailAsync(() => unknown.RunAsync(new HostCommand("true"), default))).Id);
        Assert.Equal("Docker.SocketMissing", (await FailAsync(() => missing.RunAsync(new HostCommand("true"), default))).Id);
        Assert.Equal("Docker.NotAnswering", (await FailAsync(() => closed.RunAsync(new HostCommand("true"), default))).Id);
        Assert.Equal("Docker.EndpointInvalid", Assert.Throws<OpsException>(() => new ContainerHost("x", "y", "nonsense")).Id);
    }

    [SkippableFact]
    public async Task The_engine_of_an_ssh_host_is_asked_through_its_socket()
    {
        var (docker, name) = await Shared.Value;
        var server = await Servers.SshdAsync();
        await using var host = new SshHost("app", server.Destination, server.IdentityFile, server.Options);
        using var client = new DockerClient(host, docker.Address);

        Assert.Equal("running", (await client.InspectContainerAsync(name, default)).State);
        Assert.Equal("hello", (await client.ExecAsync(name, new HostCommand("cat") { StandardInput = "hello"u8.ToArray() }, default)).ToCommandResult().StandardOutput);
    }

    private static async Task<ContainerHost> ConnectAsync()
    {
        var (docker, name) = await Shared.Value;
        return new ContainerHost("box", name, docker.Address);
    }

    private static Task<OpsException> FailAsync(Func<Task> action) => Assert.ThrowsAsync<OpsException>(action);
}
