using System.IO.Enumeration;
using System.Runtime.Versioning;

namespace OpsRunbook.Engine.Hosts;

/// <summary>This machine.</summary>
public sealed class LocalHost : IHost
{
    /// <summary>Name under which this machine is known without an entry in the stack.</summary>
    public const string LocalName = "local";

    /// <summary>Creates the host.</summary>
    /// <param name="name">The stack's name for this machine.</param>
    public LocalHost(string name = LocalName) => Name = name;

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public async Task<CommandResult> RunAsync(HostCommand command, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(command);
        var result = await ProcessRunner.RunAsync(Name, command, cancellationToken);
        return result.TimedOut ? throw ProcessRunner.TimedOut(Name, command) : result.ToCommandResult();
    }

    /// <inheritdoc/>
    public Task<CommandStream> StartAsync(HostCommand command, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(command);
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(ProcessRunner.Open(Name, command));
    }

    /// <inheritdoc/>
    public async Task<byte[]?> ReadFileAsync(string path, long maximumBytes, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(path);
        HostErrors.RequireAbsolute(path);
        try
        {
            await using var file = LocalFiles.Open(path);
            using var content = new MemoryStream();
            var buffer = new byte[32 * 1024];
            int count;
            while ((count = await file.ReadAsync(buffer, cancellationToken)) > 0)
            {
                content.Write(buffer.AsSpan(0, count));
                if (content.Length > maximumBytes)
                {
                    throw HostErrors.FileTooLarge(Name, path, maximumBytes);
                }
            }

            return content.ToArray();
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (UnauthorizedAccessException error)
        {
            throw HostErrors.FileForbidden(Name, path, error);
        }
        catch (IOException error)
        {
            throw HostErrors.FileFailed(Name, path, error.Message, error);
        }
    }

    /// <inheritdoc/>
    public async Task WriteFileAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(path);
        HostErrors.RequireAbsolute(path);
        HostScripts.RequireWritten(Name, path, await RunAsync(HostScripts.WriteFile(path, content), cancellationToken));
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<string>> FindFilesAsync(string pattern, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        HostErrors.RequireAbsolute(pattern);
        return Task.Run<IReadOnlyList<string>>(
            () =>
            {
                IEnumerable<string> paths = ["/"];
                foreach (var segment in pattern.Split('/', StringSplitOptions.RemoveEmptyEntries))
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    paths = paths.SelectMany(folder => Expand(folder, segment)).ToList();
                }

                return paths.Order(StringComparer.Ordinal).ToList();
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task<Stream> ConnectAsync(string address, int port, CancellationToken cancellationToken) =>
        SocketConnector.ConnectAsync(Name, address, port, cancellationToken);

    /// <inheritdoc/>
    public Task<Stream> ConnectUnixAsync(string path, CancellationToken cancellationToken) =>
        SocketConnector.ConnectUnixAsync(Name, path, cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<HostProcess>> GetProcessesAsync(CancellationToken cancellationToken)
    {
        RequireProc("The process list");
        var processes = await Task.Run(() => ProcFiles.ReadProcesses(cancellationToken), cancellationToken);
        var passwd = File.Exists("/etc/passwd") ? await File.ReadAllTextAsync("/etc/passwd", cancellationToken) : string.Empty;
        return await UserNames.ResolveAsync(this, passwd, processes, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<HostSocket>> GetListeningSocketsAsync(CancellationToken cancellationToken)
    {
        RequireProc("The socket list");
        return Task.Run(() => ProcFiles.ReadSockets(cancellationToken), cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<HostMount>> GetMountsAsync(CancellationToken cancellationToken)
    {
        RequireProc("The mounted file systems");
        var entries = MountTable.Parse(await File.ReadAllBytesAsync("/proc/self/mountinfo", cancellationToken));
        return await FileSystemUsage.ReadAsync(MountTable.SelectReal(entries, Directory.Exists), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [SupportedOSPlatformGuard("linux")]
    private void RequireProc(string what)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw HostErrors.NotSupported(Name, what);
        }
    }

    private static List<string> Expand(string folder, string segment)
    {
        if (segment.AsSpan().IndexOfAny('*', '?') < 0)
        {
            var path = Path.Combine(folder, segment);
            return Path.Exists(path) || new FileInfo(path).LinkTarget is not null ? [path] : [];
        }

        // As in the shell: a wildcard does not match a leading dot, and a folder that may not be read has no matches.
        var literal = segment.Replace("\\", "\\\\", StringComparison.Ordinal);
        var options = new EnumerationOptions { IgnoreInaccessible = true, AttributesToSkip = FileAttributes.None };
        try
        {
            return Directory.EnumerateFileSystemEntries(folder, "*", options)
                .Where(path => Path.GetFileName(path.AsSpan()) is var name
                    && (segment[0] == '.' || name[0] != '.')
                    && FileSystemName.MatchesSimpleExpression(literal, name, ignoreCase: false))
                .ToList();
        }
        catch (IOException)
        {
            return [];
        }
    }
}
