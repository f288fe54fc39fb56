using System.ComponentModel;
using System.Diagnostics;

namespace OpsRunbook.Engine.Hosts;

/// <summary>Runs programs of this machine: for <see cref="LocalHost"/>, and the OpenSSH client for <see cref="SshHost"/>.</summary>
internal static class ProcessRunner
{
    private const int NoSuchFile = 2;
    private const int PermissionDenied = 13;
    private const int BadFormat = 8;
    private const int MaximumErrorBytes = 64 * 1024;

    // A daemon that the command left behind may hold the pipes open for ever.
    private static readonly TimeSpan PipeGrace = TimeSpan.FromSeconds(1);

    /// <summary>Runs a command to its end or its time limit.</summary>
    /// <param name="host">Name of the host, for messages.</param>
    /// <param name="command">What to run.</param>
    /// <param name="cancellationToken">Ends the command and everything it started.</param>
    /// <returns>Exit code and output; at the time limit, what there is until then.</returns>
    /// <exception cref="OpsException"><c>Host.CommandNotFound</c>, <c>Host.CommandForbidden</c>.</exception>
    public static async Task<RawResult> RunAsync(string host, HostCommand command, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var process = Start(host, command);
        using var pipes = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(command.Timeout);

        var output = new BoundedBuffer(command.MaximumOutputBytes);
        var error = new BoundedBuffer(command.MaximumOutputBytes);
        var readers = Task.WhenAll(
            output.FillAsync(process.StandardOutput.BaseStream, pipes.Token),
            error.FillAsync(process.StandardError.BaseStream, pipes.Token));
        var writer = WriteInputAsync(process, command, limit.Token);
        var timedOut = false;
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            timedOut = !cancellationToken.IsCancellationRequested;
            await KillAsync(process);
        }

        await Task.WhenAny(readers, Task.Delay(PipeGrace, cancellationToken));
        await pipes.CancelAsync();
        await limit.CancelAsync();
        await Task.WhenAll(SettleAsync(readers), SettleAsync(writer));
        cancellationToken.ThrowIfCancellationRequested();
        return new RawResult(
            timedOut ? 137 : process.ExitCode,
            output.ToArray(),
            error.ToArray(),
            output.Truncated || error.Truncated,
            timedOut);
    }

    /// <summary>Starts a program whose output the caller reads.</summary>
    /// <param name="host">Name of the host, for messages.</param>
    /// <param name="command">What to start.</param>
    /// <returns>The running command.</returns>
    /// <exception cref="OpsException"><c>Host.CommandNotFound</c>, <c>Host.CommandForbidden</c>.</exception>
    public static CommandStream Open(string host, HostCommand command)
    {
        var process = Start(host, command);
        var pipes = new CancellationTokenSource();
        var error = new BoundedBuffer(MaximumErrorBytes);
        var reader = error.FillAsync(process.StandardError.BaseStream, pipes.Token);
        var writer = WriteInputAsync(process, command, pipes.Token);
        return new CommandStream(process.StandardOutput.BaseStream, EndAsync, DisposeAsync);

        async Task<CommandResult> EndAsync(CancellationToken cancellationToken)
        {
            await process.WaitForExitAsync(cancellationToken);
            await Task.WhenAny(reader, Task.Delay(PipeGrace, cancellationToken));
            return new RawResult(process.ExitCode, [], error.ToArray(), error.Truncated, TimedOut: false).ToCommandResult();
        }

        async ValueTask DisposeAsync(bool hasEnded)
        {
            if (!hasEnded)
            {
                await KillAsync(process);
            }

            await pipes.CancelAsync();
            await Task.WhenAll(SettleAsync(reader), SettleAsync(writer));
            pipes.Dispose();
            process.Dispose();
        }
    }

    /// <summary>Starts a program with all three streams redirected.</summary>
    /// <param name="host">Name of the host, for messages.</param>
    /// <param name="command">What to start.</param>
    /// <returns>The running process.</returns>
    /// <exception cref="OpsException"><c>Host.CommandNotFound</c>, <c>Host.CommandForbidden</c>.</exception>
    public static Process Start(string host, HostCommand command)
    {
        if (command.Arguments.Length == 0 || Array.Exists(command.Arguments, argument => argument.Contains('\0', StringComparison.Ordinal)))
        {
            throw new OpsException(
                "Host.CommandInvalid",
                OpsErrorKind.InvalidArgument,
                "A command needs a name, and its arguments cannot hold a NUL character.",
                "Check the command's argument vector.",
                command.Name);
        }

        var start = new ProcessStartInfo(FindExecutable(command.Name) ?? throw NotFound(host, command.Name))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (var argument in command.Arguments.Skip(1))
        {
            start.ArgumentList.Add(argument);
        }

        // What programs say is parsed, so it must not depend on the operator's language.
        start.Environment["LC_ALL"] = "C";
        foreach (var (key, value) in command.Environment)
        {
            start.Environment[key] = value;
        }

        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception error) when (error.NativeErrorCode == NoSuchFile)
        {
            throw NotFound(host, command.Name, error);
        }
        catch (Win32Exception error) when (error.NativeErrorCode is PermissionDenied or BadFormat)
        {
            throw new OpsException(
                "Host.CommandForbidden",
                OpsErrorKind.PermissionDenied,
                $"'{command.Name}' on {host} cannot be executed: {error.Message}",
                "Check that the file is a program and that this user may execute it.",
                command.Name,
                error);
        }
    }

    /// <summary>The failure of a command that its host does not have.</summary>
    /// <param name="host">Name of the host.</param>
    /// <param name="name">Name of the command.</param>
    /// <param name="inner">The cause; null for none.</param>
    /// <returns>An exception to throw.</returns>
    public static OpsException NotFound(string host, string name, Exception? inner = null) => new(
        "Host.CommandNotFound",
        OpsErrorKind.NotInstalled,
        $"'{name}' is not installed on {host}, or is not in the PATH of this user.",
        $"Install it on {host}, or check the PATH of the user that runs the command.",
        name,
        inner);

    /// <summary>The failure of a command that ran out of time.</summary>
    /// <param name="host">Name of the host.</param>
    /// <param name="command">The command.</param>
    /// <returns>An exception to throw.</returns>
    public static OpsException TimedOut(string host, HostCommand command) => new(
        "Host.CommandTimeout",
        OpsErrorKind.Timeout,
        $"'{command.Name}' on {host} did not end within {Duration.Format(command.Timeout)} and was ended.",
        "Look at what the command waits for, or allow it more time.",
        command.Name);

    /// <summary>Ends a process and everything it started.</summary>
    /// <param name="process">The process.</param>
    /// <returns>A task that ends when it is gone, or after a second at the latest.</returns>
    public static async Task KillAsync(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (Exception error) when (error is InvalidOperationException or Win32Exception or AggregateException)
        {
            // It ended by itself, or one of its children did.
        }

        using var grace = new CancellationTokenSource(PipeGrace);
        await SettleAsync(process.WaitForExitAsync(grace.Token));
    }

    // Process.Start would look into the program's and the current folder before PATH: whoever can write
    // to the folder the operator stands in could have his own "ssh" run.
    private static string? FindExecutable(string name)
    {
        if (name.Contains('/', StringComparison.Ordinal))
        {
            return Path.GetFullPath(name);
        }

        var folders = (Environment.GetEnvironmentVariable("PATH") ?? string.Empty)
            .Split(Path.PathSeparator)
            .Concat(["/usr/local/sbin", "/usr/sbin", "/sbin"]);
        foreach (var folder in folders.Where(Path.IsPathRooted))
        {
            foreach (var extension in OperatingSystem.IsWindows() ? new[] { ".exe", string.Empty } : [string.Empty])
            {
                var path = Path.Combine(folder, name + extension);
                if (File.Exists(path) && IsExecutable(path))
                {
                    return path;
                }
            }
        }

        return null;
    }

    private static bool IsExecutable(string path) => OperatingSystem.IsWindows()
        || (File.GetUnixFileMode(path) & (UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute)) != UnixFileMode.None;

    private static async Task WriteInputAsync(Process process, HostCommand command, CancellationToken cancellationToken)
    {
        try
        {
            var stream = process.StandardInput.BaseStream;
            await command.WriteInputAsync(stream, cancellationToken);
            stream.Close();
        }
        catch (IOException)
        {
            // The command ended without reading all of it.
        }
    }

    private static async Task SettleAsync(Task task)
    {
        try
        {
            await task;
        }
        catch (OperationCanceledException)
        {
            // Told to end.
        }
    }
}
