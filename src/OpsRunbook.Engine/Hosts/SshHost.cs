using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace OpsRunbook.Engine.Hosts;

/// <summary>
/// A machine reached with the OpenSSH client: the user's configuration, agent, jump hosts and known_hosts
/// apply. One connection carries everything; it is made on first use and closed with the host.
/// </summary>
public sealed class SshHost : RemoteHost
{
    private const int ClientFailed = 255;
    private const string ConnectTimeout = "ConnectTimeout";

    // sshd's MaxSessions is 10; one is taken by the shared connection itself.
    private const int Sessions = 8;

    // Many checks of a dead host share one failure instead of waiting for it one after the other.
    private static readonly TimeSpan FailureHolds = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan OpenLimit = TimeSpan.FromSeconds(10);

    private readonly SshDestination _destination;
    private readonly List<string> _options;
    private readonly TimeSpan _connectLimit;
    private readonly SemaphoreSlim _sessions = new(Sessions, Sessions);
    private readonly CancellationTokenSource _closing = new();
    private readonly ConcurrentDictionary<string, Lazy<Task<string>>> _forwards = new(StringComparer.Ordinal);
    private readonly object _gate = new();
    private Task<SshMaster>? _master;
    private long _masterFailedAt;
    private int _disposed;

    /// <summary>Creates the host. Nothing is connected yet.</summary>
    /// <param name="name">The stack's name for it.</param>
    /// <param name="destination"><c>[user@]host[:port]</c> or an alias of the user's configuration.</param>
    /// <param name="identity">Private key file; null leaves it to configuration and agent.</param>
    /// <param name="options">Options as in <c>ssh_config</c>; null for none.</param>
    /// <exception cref="OpsException"><c>Host.DestinationInvalid</c>.</exception>
    public SshHost(string name, string destination, string? identity = null, IReadOnlyDictionary<string, string>? options = null)
        : base(name, new StackHost { Ssh = destination, Identity = identity, Options = new Dictionary<string, string>(options ?? new Dictionary<string, string>()) })
    {
        ArgumentNullException.ThrowIfNull(destination);
        _destination = SshDestination.Parse(destination);

        // The client takes the first value of an option: what must hold stands before what the stack file says.
        _options = ["-T", "-o", "BatchMode=yes", "-o", "RemoteCommand=none", "-o", "PermitLocalCommand=no"];
        foreach (var (key, value) in options ?? new Dictionary<string, string>())
        {
            _options.AddRange(["-o", $"{key}={value}"]);
        }

        _options.AddRange(["-o", ConnectTimeout + "=10", "-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=3"]);
        if (identity is not null)
        {
            _options.AddRange(["-i", identity]);
        }

        if (_destination.Port is { } port)
        {
            _options.AddRange(["-p", port.ToString(CultureInfo.InvariantCulture)]);
        }

        var configured = options?.FirstOrDefault(option => option.Key.Equals(ConnectTimeout, StringComparison.OrdinalIgnoreCase)).Value;
        _connectLimit = TimeSpan.FromSeconds(
            5 + (int.TryParse(configured, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) ? seconds : 10));
    }

    /// <inheritdoc/>
    public override async Task<Stream> ConnectAsync(string address, int port, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(address);
        var target = $"{address}:{port.ToString(CultureInfo.InvariantCulture)}";
        if (address.Length == 0 || address.AsSpan().ContainsAny(" \t\r\n\0"))
        {
            throw SocketConnector.NameUnknown(Name, target);
        }

        var master = await MasterAsync(cancellationToken);
        var (stream, reason) = await OpenAsync(master.ControlArguments, address, port, cancellationToken);
        if (stream is not null)
        {
            return stream;
        }

        reason = await master.ClaimFailureAsync(cancellationToken) ?? await AskDirectlyAsync(address, port, cancellationToken) ?? reason;
        throw SshErrors.ClassifyForward(Name, target, reason);
    }

    /// <inheritdoc/>
    public override async Task<Stream> ConnectUnixAsync(string path, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(path);
        HostErrors.RequireAbsolute(path);
        const string script = """[ -S "$1" ] || exit 3; [ -w "$1" ] || exit 4""";
        var forward = _forwards.GetOrAdd(path, key => new Lazy<Task<string>>(() => ForwardAsync(key, _closing.Token)));
        var check = await RunAsync(new HostCommand("sh", "-c", script, "sh", path), cancellationToken);
        if (check.ExitCode != 0)
        {
            throw check.ExitCode == 4
                ? SocketConnector.Classify(new System.Net.Sockets.SocketException((int)System.Net.Sockets.SocketError.AccessDenied), Name, path)
                : SocketConnector.SocketMissing(Name, path);
        }

        try
        {
            return await SocketConnector.ConnectUnixAsync(Name, await forward.Value.WaitAsync(cancellationToken), cancellationToken);
        }
        catch (OpsException)
        {
            // The next attempt may find the host in a better state.
            _forwards.TryRemove(new(path, forward));
            throw;
        }
    }

    /// <inheritdoc/>
    public override async Task<CommandStream> StartAsync(HostCommand command, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(command);
        RequireRunnable(command);
        var master = await MasterAsync(cancellationToken);

        // It may run for hours. When the shared connection has no place left, or hardly one, it gets a connection of its own.
        var isShared = _sessions.CurrentCount > Sessions / 2 && _sessions.Wait(0, CancellationToken.None);
        var mark = NewMark();
        CommandStream? client = null;
        try
        {
            client = ProcessRunner.Open("this machine", Client(isShared ? master.ControlArguments : ["-S", "none"], command, Marked(command, mark)));
            var started = await SkipToMarkAsync(client.Output, mark, cancellationToken);
            var running = client;
            return started ? new CommandStream(running.Output, EndAsync, DisposeAsync) : throw Failure(await running.EndAsync(cancellationToken));

            async Task<CommandResult> EndAsync(CancellationToken token)
            {
                var result = await running.EndAsync(token);
                var said = result.StandardError.IndexOf(mark + "\n", StringComparison.Ordinal) is var at and >= 0 ? result.StandardError[(at + mark.Length + 1)..] : string.Empty;
                return result.ExitCode switch
                {
                    ClientFailed => throw SshErrors.Classify(Name, _destination, said.Length > 0 ? said : result.StandardError),
                    127 when said.StartsWith("env: ", StringComparison.Ordinal) => throw ProcessRunner.NotFound(Name, command.Name),
                    _ => result with { StandardError = said },
                };
            }

            async ValueTask DisposeAsync(bool hasEnded)
            {
                if (!hasEnded)
                {
                    await KillAsync(master, mark, TimeSpan.FromSeconds(1));
                }

                await running.DisposeAsync();
                Release();
            }
        }
        catch
        {
            if (client is not null)
            {
                await client.DisposeAsync();
            }

            Release();
            throw;
        }

        void Release()
        {
            if (isShared && Volatile.Read(ref _disposed) == 0)
            {
                _sessions.Release();
            }
        }

        OpsException Failure(CommandResult result) => result.ExitCode == ClientFailed
            ? SshErrors.Classify(Name, _destination, result.StandardError)
            : NoShell(result.Summary);
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 1)
        {
            return;
        }

        await _closing.CancelAsync();
        if (_master is { } pending)
        {
            try
            {
                var master = await pending;
                if (master.ControlArguments.Length == 0)
                {
                    await CancelForwardsAsync();
                }

                await master.DisposeAsync();
            }
            catch (Exception error) when (error is OpsException or OperationCanceledException)
            {
                // There never was a connection.
            }
        }

        _sessions.Dispose();
        _closing.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <inheritdoc/>
    private protected override async Task<RawResult> ExecuteAsync(HostCommand command, CancellationToken cancellationToken)
    {
        RequireRunnable(command);
        var master = await MasterAsync(cancellationToken);
        await _sessions.WaitAsync(cancellationToken);
        try
        {
            return await RunMarkedAsync(master, command, cancellationToken);
        }
        finally
        {
            _sessions.Release();
        }
    }

    private static void RequireRunnable(HostCommand command)
    {
        if (command.Arguments.Length == 0 || command.Name.Contains('=', StringComparison.Ordinal)
            || Array.Exists(command.Arguments, argument => argument.Contains('\0', StringComparison.Ordinal)))
        {
            throw new OpsException(
                "Host.CommandInvalid",
                OpsErrorKind.InvalidArgument,
                $"'{command.Name}' cannot be run over SSH: a command needs a name without '=', and no argument may hold a NUL character.",
                "Check the command's argument vector.",
                command.Name);
        }
    }

    // The mark tells the command's output from what login scripts print, and our own failure (255) from the
    // command's; in the environment it finds the command and all it started when they must be ended.
    private async Task<RawResult> RunMarkedAsync(SshMaster master, HostCommand command, CancellationToken cancellationToken)
    {
        var mark = NewMark();
        var client = Client(master.ControlArguments, command, Marked(command, mark));
        try
        {
            var result = await ProcessRunner.RunAsync("this machine", client, cancellationToken);
            if (result.TimedOut)
            {
                await KillAsync(master, mark, TimeSpan.FromSeconds(5));
            }

            return Unmark(result, mark, command);
        }
        catch (OperationCanceledException)
        {
            await KillAsync(master, mark, TimeSpan.FromSeconds(1));
            throw;
        }
    }

    private static string NewMark() => "opsrunbook-" + Convert.ToHexString(RandomNumberGenerator.GetBytes(12));

    private static string Marked(HostCommand command, string mark)
    {
        const string script = """echo "$0"; echo "$0" >&2; exec env "$@" """;
        string[] environment = ["LC_ALL=C", "OPSRUNBOOK_EXEC=" + mark, .. command.Environment.Select(pair => $"{pair.Key}={pair.Value}")];
        return "exec " + PosixShell.Quote(["sh", "-c", script, mark, .. environment, .. command.Arguments]);
    }

    private HostCommand Client(string[] control, HostCommand command, string remote) => command with
    {
        Arguments = ["ssh", .. _options, .. control, "-o", "ControlMaster=no", "--", _destination.Host, remote],
        Environment = new Dictionary<string, string>(),

        // Room for the mark.
        MaximumOutputBytes = (int)Math.Min(command.MaximumOutputBytes + 4096L, int.MaxValue),
    };

    private OpsException NoShell(string said) => new(
        "Host.NoShell",
        OpsErrorKind.OperationFailed,
        $"{Name} accepts the login but runs no command: {said}",
        "The account may have a restricted shell or a forced command; use one with a POSIX shell.",
        Name);

    // One byte at a time: what follows the mark already belongs to the command.
    private static async Task<bool> SkipToMarkAsync(Stream output, string mark, CancellationToken cancellationToken)
    {
        var line = new StringBuilder();
        var one = new byte[1];
        while (await output.ReadAsync(one, cancellationToken) > 0)
        {
            if (one[0] != (byte)'\n')
            {
                line.Append((char)one[0]);
            }
            else if (line.ToString().EndsWith(mark, StringComparison.Ordinal))
            {
                return true;
            }
            else
            {
                line.Clear();
            }
        }

        return false;
    }

    private RawResult Unmark(RawResult result, string mark, HostCommand command)
    {
        var line = Encoding.ASCII.GetBytes(mark + "\n");
        var started = result.Error.AsSpan().IndexOf(line);
        if (started < 0 && !result.TimedOut)
        {
            throw result.ExitCode == ClientFailed
                ? SshErrors.Classify(Name, _destination, result.ErrorText)
                : NoShell(result.ToCommandResult().Summary);
        }

        var output = After(result.Output, line);
        var error = After(result.Error, line);
        var text = Encoding.UTF8.GetString(error);
        if (result.ExitCode is 126 or 127 && text.StartsWith("env: ", StringComparison.Ordinal))
        {
            throw result.ExitCode == 127
                ? ProcessRunner.NotFound(Name, command.Name)
                : new OpsException(
                    "Host.CommandForbidden",
                    OpsErrorKind.PermissionDenied,
                    $"'{command.Name}' on {Name} cannot be executed: {text.Split('\n')[0]}",
                    "Check that the file is a program and that this user may execute it.",
                    command.Name);
        }

        var truncated = result.Truncated || output.Length > command.MaximumOutputBytes || error.Length > command.MaximumOutputBytes;
        return result with { Output = Cut(output), Error = Cut(error), Truncated = truncated };

        static byte[] After(byte[] bytes, byte[] line) => bytes.AsSpan().IndexOf(line) is var at and >= 0 ? bytes[(at + line.Length)..] : [];

        byte[] Cut(byte[] bytes) => bytes.Length > command.MaximumOutputBytes ? bytes[..command.MaximumOutputBytes] : bytes;
    }

    private async Task KillAsync(SshMaster master, string mark, TimeSpan grace)
    {
        using var limit = new CancellationTokenSource(grace);
        try
        {
            var remote = "exec " + PosixShell.Quote(HostScripts.KillMarked(mark).Arguments);
            await ProcessRunner.RunAsync("this machine", Client(master.ControlArguments, HostScripts.KillMarked(mark), remote), limit.Token);
        }
        catch (Exception error) when (error is OpsException or OperationCanceledException)
        {
            // The host is gone; so is the way to the command.
        }
    }

    private Task<SshMaster> MasterAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closing.IsCancellationRequested, this);
            var again = _master switch
            {
                null => true,
                { IsCompletedSuccessfully: true } => !_master.Result.IsAlive,
                { IsFaulted: true } => Environment.TickCount64 - _masterFailedAt > FailureHolds.TotalMilliseconds,
                { IsCanceled: true } => true,
                _ => false,
            };
            if (again)
            {
                _forwards.Clear();
                _master = ConnectMasterAsync(_master);
            }

            return _master!.WaitAsync(cancellationToken);
        }
    }

    private async Task<SshMaster> ConnectMasterAsync(Task<SshMaster>? previous)
    {
        await Task.Yield();
        if (previous is { IsCompletedSuccessfully: true })
        {
            await (await previous).DisposeAsync();
        }

        try
        {
            // The operator's own connection, if the configuration shares one, may be the only way in.
            var check = new HostCommand(["ssh", .. _options, "-O", "check", "--", _destination.Host]) { Timeout = TimeSpan.FromSeconds(3) };
            var shared = await ProcessRunner.RunAsync("this machine", check, _closing.Token);
            return shared is { ExitCode: 0, TimedOut: false }
                ? SshMaster.Shared()
                : await SshMaster.StartAsync(Name, _destination, _options, _connectLimit, _closing.Token);
        }
        catch (OpsException)
        {
            _masterFailedAt = Environment.TickCount64;
            throw;
        }
    }

    /// <summary>Opens a forwarded connection; a null stream comes with the reason.</summary>
    private async Task<(Stream? Stream, string Reason)> OpenAsync(
        string[] control, string address, int port, CancellationToken cancellationToken)
    {
        // The debug level is what makes the client say that the connection stands.
        var target = address.Contains(':', StringComparison.Ordinal) ? $"[{address.Trim('[', ']')}]:{port}" : $"{address}:{port}";
        var process = ProcessRunner.Start(
            "this machine",
            new HostCommand(["ssh", .. _options, .. control, "-o", "ControlMaster=no", "-o", "LogLevel=DEBUG1", "-W", target, "--", _destination.Host]));
        var handedOver = false;
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(OpenLimit);
            var last = string.Empty;
            while (await process.StandardError.ReadLineAsync(limit.Token) is { } line)
            {
                if (line.Contains("master session id", StringComparison.Ordinal))
                {
                    _ = DiscardAsync(process.StandardError);
                    handedOver = true;
                    return (new PipeStreamPair(process), string.Empty);
                }

                last = line.Contains("open failed: ", StringComparison.Ordinal) || !line.StartsWith("debug", StringComparison.Ordinal) ? line : last;
                if (line.Contains("open failed: ", StringComparison.Ordinal))
                {
                    break;
                }
            }

            return (null, last);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw SocketConnector.TimedOut(Name, $"{address}:{port}", OpenLimit);
        }
        finally
        {
            if (!handedOver)
            {
                await ProcessRunner.KillAsync(process);
                process.Dispose();
            }
        }
    }

    // A connection of its own logs in once more, but says itself why it could not reach its target.
    private async Task<string?> AskDirectlyAsync(string address, int port, CancellationToken cancellationToken)
    {
        var (stream, reason) = await OpenAsync(["-S", "none"], address, port, cancellationToken);
        if (stream is not null)
        {
            await stream.DisposeAsync();
            return null;
        }

        return reason;
    }

    private static async Task DiscardAsync(StreamReader reader)
    {
        try
        {
            while (await reader.ReadLineAsync() is not null)
            {
            }
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // The connection was closed.
        }
    }

    private async Task<string> ForwardAsync(string path, CancellationToken cancellationToken)
    {
        var master = await MasterAsync(cancellationToken);
        var local = Path.Combine(master.Folder, "u" + Convert.ToHexString(RandomNumberGenerator.GetBytes(4)));
        var result = await ProcessRunner.RunAsync("this machine", Control(master, "forward", local, path), cancellationToken);
        return result.ExitCode == 0 ? local : throw SshErrors.ClassifyForward(Name, path, result.ToCommandResult().Summary);
    }

    private async Task CancelForwardsAsync()
    {
        var master = await _master!;
        foreach (var (path, forward) in _forwards)
        {
            if (forward.IsValueCreated && forward.Value.IsCompletedSuccessfully)
            {
                await ProcessRunner.RunAsync("this machine", Control(master, "cancel", await forward.Value, path), CancellationToken.None);
            }
        }
    }

    private HostCommand Control(SshMaster master, string verb, string local, string path) =>
        new(
        [
            "ssh", .. _options, .. master.ControlArguments, "-O", verb, "-L",
            $"{local}:{path.Replace("\\", "\\\\", StringComparison.Ordinal).Replace(":", "\\:", StringComparison.Ordinal)}", "--", _destination.Host,
        ])
        {
            Timeout = TimeSpan.FromSeconds(5),
        };
}
