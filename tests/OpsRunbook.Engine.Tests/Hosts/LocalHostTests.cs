using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Hosts;

[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class LocalHostTests : IDisposable
{
    private readonly LocalHost _host = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("opsrunbook-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Arguments_reach_the_command_as_they_are()
    {
        string[] arguments = ["a b", "'", "\"", "; rm -rf /", "$(id)", "`id`", "new\nline", "--", "-n", "", "ä€"];

        var result = await _host.RunAsync(new HostCommand(["printf", "%s\\0", .. arguments]), default);

        Assert.Equal(arguments, result.StandardOutput.Split('\0')[..^1]);
    }

    [Fact]
    public async Task Exit_code_input_environment_and_both_outputs_are_carried()
    {
        var command = new HostCommand("sh", "-c", "cat; echo $GREETING $LC_ALL; echo oops >&2; exit 7")
        {
            StandardInput = Encoding.UTF8.GetBytes("in\n"),
            Environment = new Dictionary<string, string> { ["GREETING"] = "hello" },
        };

        var result = await _host.RunAsync(command, default);

        Assert.Equal((7, "in\nhello C\n", "oops\n"), (result.ExitCode, result.StandardOutput, result.StandardError));
    }

    [Fact]
    public async Task A_missing_command_is_named()
    {
        var error = await Assert.ThrowsAsync<OpsException>(() => _host.RunAsync(new HostCommand("no-such-tool", "x"), default));

        Assert.Equal("Host.CommandNotFound", error.Id);
        Assert.Contains("no-such-tool", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_command_in_the_current_folder_is_not_found()
    {
        var name = $"opsrunbook-cwd-{Environment.ProcessId}";
        var path = Path.Combine(Environment.CurrentDirectory, name);
        await File.WriteAllTextAsync(path, "#!/bin/sh\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        try
        {
            var error = await Assert.ThrowsAsync<OpsException>(() => _host.RunAsync(new HostCommand(name), default));

            Assert.Equal("Host.CommandNotFound", error.Id);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public async Task A_command_that_ignores_termination_is_ended_with_its_children()
    {
        var pidFile = Path.Combine(_folder, "pid");
        var command = new HostCommand("sh", "-c", "trap '' TERM INT HUP; sh -c 'trap \"\" TERM; echo $$ > \"$0\"; while :; do sleep 1; done' \"$1\"; :", "sh", pidFile)
        {
            Timeout = TimeSpan.FromMilliseconds(700),
        };
        var watch = Stopwatch.StartNew();

        var error = await Assert.ThrowsAsync<OpsException>(() => _host.RunAsync(command, default));

        Assert.Equal("Host.CommandTimeout", error.Id);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(10), $"took {watch.Elapsed}");
        Assert.False(IsAlive(int.Parse(await File.ReadAllTextAsync(pidFile))));
    }

    [Fact]
    public async Task Cancelling_ends_the_command()
    {
        using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
        var watch = Stopwatch.StartNew();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _host.RunAsync(new HostCommand("sleep", "60"), cancel.Token));

        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(10), $"took {watch.Elapsed}");
    }

    [Fact]
    public async Task A_daemon_left_behind_does_not_hold_the_result_back()
    {
        var watch = Stopwatch.StartNew();

        var result = await _host.RunAsync(new HostCommand("sh", "-c", "echo done; setsid sleep 20 &"), default);

        Assert.Equal("done\n", result.StandardOutput);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(10), $"took {watch.Elapsed}");
    }

    [Fact]
    public async Task Output_beyond_the_limit_is_thrown_away_and_said_so()
    {
        var result = await _host.RunAsync(
            new HostCommand("sh", "-c", "head -c 3000000 /dev/zero; echo end >&2") { MaximumOutputBytes = 1000 }, default);

        Assert.True(result.Truncated);
        Assert.Equal(1000, result.StandardOutput.Length);
        Assert.Equal("end\n", result.StandardError);
    }

    [Fact]
    public async Task A_file_is_written_whole_and_keeps_its_mode()
    {
        var path = Path.Combine(_folder, "with space 'n quote");
        await File.WriteAllTextAsync(path, "old and longer");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);

        await _host.WriteFileAsync(path, "new\0\n"u8.ToArray(), default);

        Assert.Equal("new\0\n"u8.ToArray(), await _host.ReadFileAsync(path, 1000, default));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead, File.GetUnixFileMode(path));
        Assert.Equal([path], Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public async Task Writing_through_a_link_keeps_the_link()
    {
        var target = Path.Combine(_folder, "target");
        var link = Path.Combine(_folder, "link");
        await File.WriteAllTextAsync(target, "old");
        File.CreateSymbolicLink(link, target);

        await _host.WriteFileAsync(link, "new"u8.ToArray(), default);

        Assert.Equal(target, new FileInfo(link).LinkTarget);
        Assert.Equal("new", await File.ReadAllTextAsync(target));
    }

    [Fact]
    public async Task A_file_that_cannot_be_written_is_named()
    {
        var error = await Assert.ThrowsAsync<OpsException>(
            () => _host.WriteFileAsync(Path.Combine(_folder, "no", "such", "folder"), "x"u8.ToArray(), default));

        Assert.Equal("Host.FileFailed", error.Id);
    }

    [Fact]
    public async Task A_missing_file_is_null_and_a_large_one_is_refused()
    {
        var path = Path.Combine(_folder, "large");
        await File.WriteAllBytesAsync(path, new byte[2000]);

        Assert.Null(await _host.ReadFileAsync(Path.Combine(_folder, "missing"), 1000, default));
        Assert.Null(await _host.ReadFileAsync(path + "/below-a-file", 1000, default));
        Assert.Equal("Host.FileTooLarge", (await Assert.ThrowsAsync<OpsException>(() => _host.ReadFileAsync(path, 1999, default))).Id);
        Assert.Equal(2000, (await _host.ReadFileAsync(path, 2000, default))!.Length);
    }

    [Fact]
    public async Task Neither_a_fifo_nor_a_device_nor_a_folder_holds_a_read_up()
    {
        var fifo = Path.Combine(_folder, "fifo");
        await _host.RunAsync(new HostCommand("mkfifo", fifo), default);

        Assert.Empty((await _host.ReadFileAsync(fifo, 1000, default).WaitAsync(TimeSpan.FromSeconds(20)))!);
        Assert.Equal("Host.FileTooLarge", (await Assert.ThrowsAsync<OpsException>(() => _host.ReadFileAsync("/dev/zero", 1000, default))).Id);
        Assert.StartsWith("Host.File", (await Assert.ThrowsAsync<OpsException>(() => _host.ReadFileAsync(_folder, 1000, default))).Id, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Proc_files_are_read_although_they_have_no_length() =>
        Assert.NotEmpty((await _host.ReadFileAsync("/proc/self/status", 100_000, default))!);

    [Fact]
    public async Task A_glob_finds_names_as_the_shell_would()
    {
        foreach (var name in new[] { "b.conf", "a b.conf", ".hidden.conf", "x[1].conf", "c.txt" })
        {
            await File.WriteAllTextAsync(Path.Combine(_folder, name), string.Empty);
        }

        var found = await _host.FindFilesAsync(_folder + "/*.conf", default);

        Assert.Equal(["a b.conf", "b.conf", "x[1].conf"], found.Select(Path.GetFileName));
        Assert.Equal(["x[1].conf"], (await _host.FindFilesAsync(_folder + "/x[1]*", default)).Select(Path.GetFileName));
        Assert.Empty(await _host.FindFilesAsync("/no/such/*/folder", default));
    }

    [Fact]
    public async Task A_relative_path_is_refused() =>
        Assert.Equal("Host.PathInvalid", (await Assert.ThrowsAsync<OpsException>(() => _host.ReadFileAsync("etc/passwd", 1, default))).Id);

    [Fact]
    public async Task Connections_are_opened_and_their_failures_told_apart()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        foreach (var name in new[] { "127.0.0.1", "localhost" })
        {
            await using var stream = await _host.ConnectAsync(name, port, default);
            using var server = await listener.AcceptSocketAsync();
            await stream.WriteAsync("hi"u8.ToArray());
            var buffer = new byte[2];
            Assert.Equal(2, await server.ReceiveAsync(buffer));
        }

        listener.Stop();
        port = TestRun.FreePort();
        Assert.Equal("Endpoint.PortClosed", (await Assert.ThrowsAsync<OpsException>(() => _host.ConnectAsync("127.0.0.1", port, default))).Id);
        Assert.Equal("Endpoint.PortClosed", (await Assert.ThrowsAsync<OpsException>(() => _host.ConnectAsync("localhost", port, default))).Id);
        Assert.Equal("Endpoint.NameUnknown", (await Assert.ThrowsAsync<OpsException>(() => _host.ConnectAsync("no-such-name.invalid", port, default))).Id);
        Assert.Equal("Endpoint.SocketMissing", (await Assert.ThrowsAsync<OpsException>(() => _host.ConnectUnixAsync("/no/such.sock", default))).Id);
    }

    [Fact]
    public async Task A_connection_that_nobody_answers_is_cancelled()
    {
        // A full backlog leaves further connections without an answer.
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(0);
        var port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        var streams = new List<Stream>();
        Exception? error = null;
        for (var attempt = 0; attempt < 10 && error is null; attempt++)
        {
            using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(500));
            error = await Record.ExceptionAsync(async () =>
                streams.Add(await _host.ConnectAsync("127.0.0.1", port, cancel.Token).WaitAsync(TimeSpan.FromSeconds(20), CancellationToken.None)));
        }

        streams.ForEach(stream => stream.Dispose());
        Assert.IsAssignableFrom<OperationCanceledException>(error);
    }

    [Fact]
    public async Task The_process_list_holds_this_process()
    {
        var self = (await _host.GetProcessesAsync(default)).Single(process => process.Pid == Environment.ProcessId);

        using var expected = Process.GetCurrentProcess();
        Assert.Equal(Environment.UserName, self.User);
        Assert.True((self.StartTime - expected.StartTime.ToUniversalTime()).Duration() < TimeSpan.FromSeconds(3));
        Assert.InRange(self.ResidentBytes, expected.WorkingSet64 / 4, expected.WorkingSet64 * 4);
        Assert.Contains(self.CommandLine, argument => argument.Contains("testhost", StringComparison.Ordinal) || argument.EndsWith(".dll", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_listening_socket_is_listed_with_its_owner()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;

        var socket = (await _host.GetListeningSocketsAsync(default)).Single(socket => socket.Port == port);

        Assert.Equal(new HostSocket("tcp", IPAddress.Loopback, port, Environment.ProcessId), socket);
    }

    [Fact]
    public async Task The_root_file_system_has_a_size_that_df_agrees_with()
    {
        var root = (await _host.GetMountsAsync(default)).Single(mount => mount.Path == "/");

        var df = await _host.RunAsync(new HostCommand("df", "-PB1", "/"), default);
        var fields = df.StandardOutput.Split('\n')[1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.Null(root.Problem);
        Assert.Equal(long.Parse(fields[1]), root.TotalBytes);
        Assert.InRange(root.UsedPercent, double.Parse(fields[4].TrimEnd('%')) - 2, double.Parse(fields[4].TrimEnd('%')) + 2);
    }

    private static bool IsAlive(int pid)
    {
        // A zombie that nobody reaps is dead, too.
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            return stat[stat.LastIndexOf(')') + 2] != 'Z';
        }
        catch (IOException)
        {
            return false;
        }
    }
}
