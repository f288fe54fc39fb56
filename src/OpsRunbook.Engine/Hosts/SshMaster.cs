using System.Diagnostics;
using System.Text;

namespace OpsRunbook.Engine.Hosts;

/// <summary>
/// The connection that all work on a host shares. It belongs to a client process of ours, whose remote end
/// runs <c>cat</c>: when this process dies, even by <c>kill -9</c>, cat sees the end of its input and the
/// connection closes. (With ControlPersist it would outlive us, and hold our standard error open.)
/// </summary>
internal sealed class SshMaster : IAsyncDisposable
{
    private const int MaximumErrorText = 16 * 1024;
    private static readonly TimeSpan CloseGrace = TimeSpan.FromSeconds(1);

    private readonly Process? _process;
    private readonly StringBuilder _said = new();
    private readonly List<string> _failures = [];
    private int _claims;
    private Task _reader = Task.CompletedTask;

    private SshMaster(Process? process, string folder)
    {
        _process = process;
        Folder = folder;
        ControlArguments = process is null ? [] : ["-S", ControlPath(folder)];
    }

    /// <summary>Arguments that make a client use this connection.</summary>
    public string[] ControlArguments { get; }

    /// <summary>Folder for sockets, which only this user can enter.</summary>
    public string Folder { get; }

    /// <summary>The connection still stands, as far as this side knows.</summary>
    public bool IsAlive => _process is null or { HasExited: false };

    /// <summary>A connection of the operator's own that is open already, for example after a login with a second factor.</summary>
    /// <returns>A connection that is not ours to close.</returns>
    public static SshMaster Shared() => new(null, CreateFolder());

    /// <summary>Starts a connection and waits until commands run over it.</summary>
    /// <param name="name">The stack's name for the host.</param>
    /// <param name="destination">Where to connect to.</param>
    /// <param name="options">Options of the client.</param>
    /// <param name="limit">Longest time it may take.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The connection.</returns>
    /// <exception cref="OpsException">Why there is none.</exception>
    public static async Task<SshMaster> StartAsync(
        string name, SshDestination destination, IReadOnlyList<string> options, TimeSpan limit, CancellationToken cancellationToken)
    {
        var folder = CreateFolder();
        const string mark = "opsrunbook-ready";
        SshMaster? master = null;
        try
        {
            var process = ProcessRunner.Start(
                "this machine",
                new HostCommand(
                [
                    "ssh", .. options, "-o", "ControlPersist=no", "-o", "ClearAllForwardings=yes", "-o", "LogLevel=INFO",
                    "-M", "-S", ControlPath(folder), "--", destination.Host, $"exec sh -c 'echo {mark}; exec cat >/dev/null'",
                ]));
            master = new SshMaster(process, folder);
            master._reader = master.ReadErrorsAsync();
            using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            timeout.CancelAfter(limit);
            string? line;
            try
            {
                // A login script may print something first.
                while ((line = await process.StandardOutput.ReadLineAsync(timeout.Token)) is not null && !line.EndsWith(mark, StringComparison.Ordinal))
                {
                }
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw SshErrors.TimedOut(name, destination.Host, $"nothing within {Duration.Format(limit)}.");
            }

            if (line is null)
            {
                await Task.WhenAny(master._reader, Task.Delay(CloseGrace, cancellationToken));
                throw SshErrors.Classify(name, destination, master.Said());
            }

            return master;
        }
        catch
        {
            if (master is not null)
            {
                await master.DisposeAsync();
            }
            else
            {
                Directory.Delete(folder, recursive: true);
            }

            throw;
        }
    }

    /// <summary>
    /// Why a connection through this master could not be opened. The client does not say it, only the
    /// master, and not for which client; so the answer is only given when it is the same for all that just failed.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The reason; null when it is not certain.</returns>
    public async Task<string?> ClaimFailureAsync(CancellationToken cancellationToken)
    {
        if (_process is null)
        {
            return null;
        }

        // The master writes its line before it answers the client, and a moment later it has been read.
        var mine = Interlocked.Increment(ref _claims);
        for (var attempt = 0; attempt < 10; attempt++)
        {
            await Task.Delay(20, cancellationToken);
            lock (_failures)
            {
                if (_failures.Count < mine)
                {
                    continue;
                }

                var reason = _failures.Distinct(StringComparer.Ordinal).Count() == 1 ? _failures[0] : null;
                if (_failures.Count == Volatile.Read(ref _claims))
                {
                    _failures.Clear();
                    _claims = 0;
                }

                return reason;
            }
        }

        return null;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            try
            {
                _process.StandardInput.Close();
                using var grace = new CancellationTokenSource(CloseGrace);
                await _process.WaitForExitAsync(grace.Token);
            }
            catch (Exception error) when (error is IOException or OperationCanceledException)
            {
                await ProcessRunner.KillAsync(_process);
            }

            await Task.WhenAny(_reader, Task.Delay(CloseGrace));
            _process.Dispose();
        }

        if (Directory.Exists(Folder))
        {
            Directory.Delete(Folder, recursive: true);
        }
    }

    /// <summary>A folder for sockets with a path short enough for them.</summary>
    /// <returns>Its path.</returns>
    public static string CreateFolder()
    {
        // ssh adds 17 characters to the name while it makes the socket, and a socket's name has room for 107.
        const int room = 50;
        var folder = Directory.CreateTempSubdirectory("orb-").FullName;
        if (folder.Length <= room || OperatingSystem.IsWindows())
        {
            return folder;
        }

        Directory.Delete(folder);
        var shorter = Path.Combine("/tmp", Path.GetFileName(folder));
        return Directory.CreateDirectory(shorter, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute).FullName;
    }

    private static string ControlPath(string folder) => Path.Combine(folder, "m");

    private string Said()
    {
        lock (_said)
        {
            return _said.ToString();
        }
    }

    private async Task ReadErrorsAsync()
    {
        const string failed = ": open failed: ";
        try
        {
            while (await _process!.StandardError.ReadLineAsync() is { } line)
            {
                lock (_said)
                {
                    if (_said.Length < MaximumErrorText)
                    {
                        _said.Append(line).Append('\n');
                    }
                }

                var at = line.IndexOf(failed, StringComparison.Ordinal);
                if (at > 0 && line.StartsWith("channel ", StringComparison.Ordinal))
                {
                    lock (_failures)
                    {
                        _failures.Add(line[(at + failed.Length)..].Trim());
                    }
                }
            }
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // The client ended.
        }
    }
}
