using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Hosts;

[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public class SshHostTests
{
    private static readonly string[] Awkward =
        ["a b", "'", "\"", "a'b\"c", "; touch /tmp/x", "$(id)", "`id`", "${HOME}", "new\nline", "tab\t", "--", "-n", "-rf", "", "*", "~", "#x", "\\", "!", "ä€😀"];

    [SkippableFact]
    public async Task Arguments_reach_the_command_as_they_are()
    {
        await using var host = await ConnectAsync();

        var result = await host.RunAsync(new HostCommand(["printf", "%s\\0", .. Awkward]), default);

        Assert.Equal(Awkward, result.StandardOutput.Split('\0')[..^1]);
    }

    [SkippableFact]
    public async Task Exit_code_input_environment_and_both_outputs_are_carried()
    {
        await using var host = await ConnectAsync();
        var command = new HostCommand("sh", "-c", "cat; echo \"$GREETING\" $LC_ALL; echo oops >&2; exit 255")
        {
            StandardInput = Encoding.UTF8.GetBytes("in\n"),
            Environment = new Dictionary<string, string> { ["GREETING"] = "it's; $HOME" },
        };

        var result = await host.RunAsync(command, default);

        // 255 is what the client itself ends with when it fails, and yet a command's own code.
        Assert.Equal((255, "in\nit's; $HOME C\n", "oops\n"), (result.ExitCode, result.StandardOutput, result.StandardError));
    }

    [SkippableFact]
    public async Task Everything_shares_one_login()
    {
        var server = await Servers.NewSshdAsync();
        await using var release = server;
        await using (var host = Connect(server))
        {
            await Task.WhenAll(Enumerable.Range(0, 20).Select(number => host.RunAsync(new HostCommand("echo", $"{number}"), default)));
            await (await host.ConnectAsync(server.Host, server.Port, default)).DisposeAsync();

            // The first one sees the port of the only connection; a second login would come from another.
            var ports = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => host.RunAsync(new HostCommand("sh", "-c", "echo $SSH_CONNECTION"), default)));
            Assert.Single(ports.Select(port => port.StandardOutput).Distinct());
        }

        // Disposing closes it.
        var left = (await new LocalHost().GetProcessesAsync(default)).Where(process => process.Name == "ssh" && process.CommandLine.Contains($"{server.Port}"));
        Assert.Empty(left);
    }

    [SkippableFact]
    public async Task A_missing_command_is_told_from_one_that_fails()
    {
        await using var host = await ConnectAsync();

        Assert.Equal("Host.CommandNotFound", (await FailAsync(host, "no-such-tool")).Id);
        Assert.Equal("Host.CommandForbidden", (await FailAsync(host, "/etc")).Id);
        Assert.Equal("Host.CommandInvalid", (await FailAsync(host, "A=B")).Id);
        Assert.Equal(127, (await host.RunAsync(new HostCommand("sh", "-c", "exit 127"), default)).ExitCode);
    }

    [SkippableFact]
    public async Task A_command_that_ignores_termination_is_ended_on_the_far_side()
    {
        await using var host = await ConnectAsync();
        var seconds = $"{Random.Shared.Next(100_000, 900_000)}";
        var command = new HostCommand("sh", "-c", $"trap '' TERM INT HUP; sleep {seconds} & wait; sleep {seconds}") { Timeout = TimeSpan.FromSeconds(1) };
        var watch = Stopwatch.StartNew();

        var error = await Assert.ThrowsAsync<OpsException>(() => host.RunAsync(command, default));

        Assert.Equal("Host.CommandTimeout", error.Id);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(15), $"took {watch.Elapsed}");
        Assert.DoesNotContain(await host.GetProcessesAsync(default), process => process.CommandLine.Contains(seconds));
    }

    [SkippableFact]
    public async Task Cancelling_ends_the_command_on_the_far_side()
    {
        await using var host = await ConnectAsync();
        var seconds = $"{Random.Shared.Next(100_000, 900_000)}";
        await host.RunAsync(new HostCommand("true"), default);
        using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(700));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => host.RunAsync(new HostCommand("sleep", seconds), cancel.Token));

        Assert.DoesNotContain(await host.GetProcessesAsync(default), process => process.CommandLine.Contains(seconds) && process.Name == "sleep");
    }

    [SkippableFact]
    public async Task Files_are_written_read_and_found()
    {
        await using var host = await ConnectAsync();
        var folder = Directory.CreateTempSubdirectory("opsrunbook-").FullName;
        try
        {
            var path = Path.Combine(folder, "it's a \"file\"; $(x)\nof mine");
            await File.WriteAllTextAsync(path, "old");
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
            var content = Enumerable.Range(0, 300_000).Select(number => (byte)number).ToArray();

            await host.WriteFileAsync(path, content, default);

            Assert.Equal(content, await host.ReadFileAsync(path, 300_000, default));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead, File.GetUnixFileMode(path));
            Assert.Equal([path], await host.FindFilesAsync(folder + "/*", default));
            Assert.Empty(await host.FindFilesAsync(folder + "/none*", default));
            Assert.Null(await host.ReadFileAsync(folder + "/none", 10, default));
            Assert.Equal("Host.FileTooLarge", (await Assert.ThrowsAsync<OpsException>(() => host.ReadFileAsync(path, 299_999, default))).Id);
            Assert.Equal("Host.FileFailed", (await Assert.ThrowsAsync<OpsException>(() => host.ReadFileAsync(folder, 10, default))).Id);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [SkippableFact]
    public async Task Connections_are_forwarded_and_their_failures_told_apart()
    {
        await using var host = await ConnectAsync();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        await using (var stream = await host.ConnectAsync("localhost", port, default))
        {
            using var server = await listener.AcceptSocketAsync();
            await stream.WriteAsync("ping"u8.ToArray());
            var buffer = new byte[4];
            Assert.Equal(4, await server.ReceiveAsync(buffer));
            await server.SendAsync(buffer);
            await stream.ReadExactlyAsync(buffer);
            Assert.Equal("ping"u8.ToArray(), buffer);
        }

        listener.Stop();
        port = TestRun.FreePort();
        var failures = await Task.WhenAll(
            FailAsync(() => host.ConnectAsync("127.0.0.1", port, default)),
            FailAsync(() => host.ConnectAsync("no-such-name.invalid", 80, default)),
            FailAsync(() => host.ConnectAsync("localhost", port, default)));
        Assert.Equal(["Endpoint.PortClosed", "Endpoint.NameUnknown", "Endpoint.PortClosed"], failures.Select(failure => failure.Id));
        Assert.Equal("Endpoint.PortClosed", (await FailAsync(() => host.ConnectAsync("127.0.0.1", port, default))).Id);
    }

    [SkippableFact]
    public async Task A_unix_socket_of_the_host_is_reached()
    {
        await using var host = await ConnectAsync();
        var folder = Directory.CreateTempSubdirectory("opsrunbook-").FullName;
        var path = Path.Combine(folder, "a:b.sock");
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();

        await using (var stream = await host.ConnectUnixAsync(path, default))
        {
            using var server = await listener.AcceptAsync();
            await server.SendAsync("hello"u8.ToArray());
            var buffer = new byte[5];
            await stream.ReadExactlyAsync(buffer);
            Assert.Equal("hello"u8.ToArray(), buffer);
        }

        Assert.Equal("Endpoint.SocketMissing", (await FailAsync(() => host.ConnectUnixAsync(folder + "/none.sock", default))).Id);
        Directory.Delete(folder, recursive: true);
    }

    [SkippableFact]
    public async Task Processes_sockets_and_mounts_are_those_of_the_host()
    {
        await using var host = await ConnectAsync();
        await using var local = new LocalHost();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;

        var self = (await host.GetProcessesAsync(default)).Single(process => process.Pid == Environment.ProcessId);
        var expected = (await local.GetProcessesAsync(default)).Single(process => process.Pid == Environment.ProcessId);
        Assert.Equal(
            (expected.Name, expected.User, expected.StartTime, expected.ControlGroup, expected.ParentPid),
            (self.Name, self.User, self.StartTime, self.ControlGroup, self.ParentPid));
        Assert.Equal(expected.CommandLine, self.CommandLine);
        Assert.Contains(new HostSocket("tcp", IPAddress.Loopback, port, Environment.ProcessId), await host.GetListeningSocketsAsync(default));
        Assert.Equal(
            (await local.GetMountsAsync(default)).Select(mount => (mount.Path, mount.TotalBytes, mount.TotalInodes)),
            (await host.GetMountsAsync(default)).Select(mount => (mount.Path, mount.TotalBytes, mount.TotalInodes)));
    }

    [SkippableFact]
    public async Task An_unknown_host_key_is_named()
    {
        var server = await Servers.SshdAsync();

        Assert.Equal("Host.KeyUnknown", (await RefusedAsync(server, ("UserKnownHostsFile", "/dev/null"))).Id);
    }

    [SkippableFact]
    public async Task A_changed_host_key_is_named()
    {
        var server = await Servers.SshdAsync();

        Assert.Equal("Host.KeyChanged", (await RefusedAsync(server, ("UserKnownHostsFile", server.ChangedKnownHostsFile))).Id);
    }

    [SkippableFact]
    public async Task A_refused_login_is_named()
    {
        var server = await Servers.SshdAsync();
        await using var host = new SshHost("app", server.Destination, server.StrangerIdentityFile, server.Options);

        Assert.Equal("Host.LoginRefused", (await FailAsync(host, "true")).Id);
    }

    [SkippableFact]
    public async Task A_closed_port_and_an_unknown_name_are_named()
    {
        var server = await Servers.SshdAsync();
        await using var closed = new SshHost("app", "127.0.0.1:1", server.IdentityFile, server.Options);
        await using var unknown = new SshHost("app", "no-such-name.invalid", server.IdentityFile, server.Options);

        Assert.Equal("Host.Unreachable", (await FailAsync(closed, "true")).Id);
        Assert.Equal("Host.NameUnknown", (await FailAsync(unknown, "true")).Id);
    }

    [SkippableFact]
    public async Task A_server_that_accepts_and_never_answers_times_out_once_for_all()
    {
        var server = await Servers.SshdAsync();
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var options = new Dictionary<string, string>(server.Options) { ["ConnectTimeout"] = "2" };
        await using var host = new SshHost("app", $"127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port}", server.IdentityFile, options);
        var watch = Stopwatch.StartNew();

        var failures = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => FailAsync(host, "true")));

        Assert.All(failures, failure => Assert.Equal("Host.Timeout", failure.Id));
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(20), $"took {watch.Elapsed}");
    }

    [SkippableFact]
    public async Task Waiting_for_a_silent_server_can_be_cancelled()
    {
        var server = await Servers.SshdAsync();
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        await using var host = new SshHost("app", $"127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port}", server.IdentityFile, server.Options);
        using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
        var watch = Stopwatch.StartNew();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => host.RunAsync(new HostCommand("true"), cancel.Token));
        await host.DisposeAsync();

        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(8), $"took {watch.Elapsed}");
    }

    [SkippableFact]
    public async Task A_connection_that_breaks_is_made_again()
    {
        var server = await Servers.SshdAsync();
        await using var host = Connect(server);
        Assert.Equal("1\n", (await host.RunAsync(new HostCommand("echo", "1"), default)).StandardOutput);
        var before = (await host.RunAsync(new HostCommand("sh", "-c", "echo $SSH_CONNECTION"), default)).StandardOutput;
        var peer = before.Split(' ')[1];
        var client = (await new LocalHost().RunAsync(new HostCommand("sh", "-c", "ss -Htnp \"sport = :$1\" | sed 's/.*pid=\\([0-9]*\\).*/\\1/'", "sh", peer), default)).StandardOutput.Trim();
        await new LocalHost().RunAsync(new HostCommand("kill", "-KILL", client), default);

        var after = (await host.RunAsync(new HostCommand("sh", "-c", "echo $SSH_CONNECTION"), default)).StandardOutput;

        Assert.NotEqual(before, after);
        Assert.Equal("Endpoint.PortClosed", (await FailAsync(() => host.ConnectAsync("127.0.0.1", 1, default))).Id);
    }

    private static async Task<SshHost> ConnectAsync() => Connect(await Servers.SshdAsync());

    private static SshHost Connect(SshServer server) => new("app", server.Destination, server.IdentityFile, server.Options);

    private static async Task<OpsException> RefusedAsync(SshServer server, (string Key, string Value) option)
    {
        var options = new Dictionary<string, string>(server.Options) { [option.Key] = option.Value };
        await using var host = new SshHost("app", server.Destination, server.IdentityFile, options);
        return await FailAsync(host, "true");
    }

    private static Task<OpsException> FailAsync(SshHost host, string command) => FailAsync(() => host.RunAsync(new HostCommand(command), default));

    private static Task<OpsException> FailAsync(Func<Task> action) => Assert.ThrowsAsync<OpsException>(action);
}
