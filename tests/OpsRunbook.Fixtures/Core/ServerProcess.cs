using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace OpsRunbook.Fixtures;

/// <summary>
/// A server of the tests: one process on a free loopback port with a folder of its own. A shared one
/// is left running; tests that break a server take their own with <c>Servers.New…Async</c> and dispose it.
/// </summary>
public abstract class ServerProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(60);
    private Process? _process;

    private protected ServerProcess(string name)
    {
        Name = name;
        Folder = TestRun.NewFolder(name);
        Port = TestRun.FreePort();
    }

    /// <summary>Short name of the server.</summary>
    public string Name { get; }

    /// <summary>Address that it listens on.</summary>
    public string Host => "127.0.0.1";

    /// <summary>TCP port that it listens on.</summary>
    public int Port { get; private protected init; }

    /// <summary>Its folder, removed with it.</summary>
    public string Folder { get; }

    /// <summary>What it printed.</summary>
    public string LogFile => Path.Combine(Folder, "log");

    /// <summary>Its process id.</summary>
    /// <exception cref="InvalidOperationException">It is not running.</exception>
    public int Pid => IsRunning ? _process!.Id : throw new InvalidOperationException($"{Name} is not running.");

    /// <summary>True between start and end.</summary>
    public bool IsRunning => _process is { HasExited: false };

    /// <summary>Signal that ends it in good order, without waiting for its clients.</summary>
    private protected virtual string StopSignal => "TERM";

    /// <summary>Starts it, again after a stop or a kill, and waits until it answers.</summary>
    /// <returns>A task that ends when it answers.</returns>
    public async Task StartAsync()
    {
        if (IsRunning)
        {
            return;
        }

        // The shell puts the output into a file and then becomes the server, so that the id is the server's own.
        var start = new ProcessStartInfo("/bin/sh") { WorkingDirectory = "/" };
        foreach (var argument in (string[])["-c", "exec \"$@\" </dev/null >>\"$0\" 2>&1", LogFile, .. Command()])
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["LC_ALL"] = "C.UTF-8";
        start.Environment.Remove("NOTIFY_SOCKET");
        foreach (var (name, value) in ServerEnvironment())
        {
            start.Environment[name] = value;
        }

        _process = Process.Start(start)!;
        TestRun.Watch(_process.Id, StopSignal);
        await WaitUntilAsync(AskAsync, StartPatience);
    }

    /// <summary>Stops it in good order.</summary>
    /// <returns>A task that ends with the process.</returns>
    public virtual async Task StopAsync()
    {
        if (!IsRunning)
        {
            return;
        }

        await SignalAsync(StopSignal);
        await SignalAsync("CONT");
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        try
        {
            await _process!.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            await KillAsync();
        }
    }

    /// <summary>Kills it with its children, as a crash would.</summary>
    /// <returns>A task that ends with the process.</returns>
    public async Task KillAsync()
    {
        if (IsRunning)
        {
            _process!.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }
    }

    /// <summary>Stops the main process where it is: connections are accepted by the kernel and never answered.</summary>
    /// <returns>A task.</returns>
    public Task FreezeAsync() => SignalAsync("STOP");

    /// <summary>Ends a freeze.</summary>
    /// <returns>A task.</returns>
    public Task ThawAsync() => SignalAsync("CONT");

    /// <summary>Stops it and removes its folder.</summary>
    /// <returns>A task.</returns>
    public virtual async ValueTask DisposeAsync()
    {
        await StopAsync();
        _process?.Dispose();
        _process = null;
        if (Directory.Exists(Folder))
        {
            Directory.Delete(Folder, recursive: true);
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>The command that is the server, in the foreground.</summary>
    /// <returns>Argument vector.</returns>
    private protected abstract IEnumerable<string> Command();

    /// <summary>Asks the server something that only a working one answers.</summary>
    /// <returns>A task that fails as long as the server does not answer.</returns>
    private protected abstract Task AskAsync();

    /// <summary>Variables that the server needs.</summary>
    /// <returns>Names and values.</returns>
    private protected virtual IReadOnlyDictionary<string, string> ServerEnvironment() => new Dictionary<string, string>();

    /// <summary>Connects to the port; for servers whose protocol begins with the server or needs no more.</summary>
    /// <param name="port">The port.</param>
    /// <returns>The connection.</returns>
    private protected static async Task<TcpClient> ConnectAsync(int port)
    {
        var client = new TcpClient();
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, port);
            return client;
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    /// <summary>Sends a signal to the main process, if it still runs.</summary>
    /// <param name="signal">Name without SIG.</param>
    /// <returns>A task.</returns>
    private protected async Task SignalAsync(string signal)
    {
        if (IsRunning)
        {
            await Tool.TryRunAsync("/bin/sh", ["-c", "kill -s \"$0\" \"$1\"", signal, _process!.Id.ToString()]);
        }
    }

    private async Task WaitUntilAsync(Func<Task> question, TimeSpan patience)
    {
        var watch = Stopwatch.StartNew();
        var pause = TimeSpan.FromMilliseconds(20);
        while (true)
        {
            try
            {
                await question();
                return;
            }
            catch (Exception exception) when (IsRunning && watch.Elapsed < patience && exception is not ServerUnavailableException)
            {
                await Task.Delay(pause);
                pause = TimeSpan.FromMilliseconds(Math.Min(250, pause.TotalMilliseconds * 1.5));
            }
            catch (Exception exception) when (exception is not ServerUnavailableException)
            {
                var state = IsRunning ? $"does not answer after {watch.Elapsed.TotalSeconds:0} s" : $"ended with {_process!.ExitCode}";
                var log = File.Exists(LogFile) ? string.Join('\n', File.ReadLines(LogFile).TakeLast(20)) : string.Empty;
                throw new InvalidOperationException($"{Name} {state}: {exception.Message}\n{log}", exception);
            }
        }
    }
}
