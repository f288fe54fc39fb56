using System.Formats.Tar;
using OpsRunbook.Engine.Docker;

namespace OpsRunbook.Engine.Hosts;

/// <summary>The inside of a container, reached through the Engine API.</summary>
public sealed class ContainerHost : RemoteHost
{
    private const int CommandNotFound = 127;
    private const int CommandNotStarted = 126;
    private const int ArchiveOverhead = 64 * 1024;
    private const int MaximumLinks = 16;

    private const UnixFileMode OrdinaryFile = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private readonly string _container;
    private readonly IHost _engineHost;
    private readonly bool _ownsEngineHost;
    private readonly DockerClient _docker;

    /// <summary>Creates the host. Nothing is connected yet.</summary>
    /// <param name="name">The stack's name for it.</param>
    /// <param name="container">Name or id of the container.</param>
    /// <param name="endpoint">Address of the Engine API; null for <c>DOCKER_HOST</c> or the usual socket.</param>
    public ContainerHost(string name, string container, string? endpoint = null)
        : this(name, container, endpoint, new LocalHost(), ownsEngineHost: true)
    {
    }

    /// <summary>Creates the host of a container whose engine runs on another host.</summary>
    /// <param name="name">The name to show.</param>
    /// <param name="container">Name or id of the container.</param>
    /// <param name="endpoint">Address of the Engine API; null for the usual socket.</param>
    /// <param name="engineHost">Host of the engine, which the caller disposes.</param>
    internal ContainerHost(string name, string container, string? endpoint, IHost engineHost)
        : this(name, container, endpoint, engineHost, ownsEngineHost: false)
    {
    }

    private ContainerHost(string name, string container, string? endpoint, IHost engineHost, bool ownsEngineHost)
        : base(name, new StackHost { Container = container, Docker = endpoint })
    {
        _container = container;
        _engineHost = engineHost;
        _ownsEngineHost = ownsEngineHost;
        _docker = new DockerClient(_engineHost, endpoint);
    }

    /// <summary>The container as the engine describes it.</summary>
    /// <param name="cancellationToken">Ends the question.</param>
    /// <returns>The container.</returns>
    /// <exception cref="OpsException"><c>Docker.NoSuchContainer</c>, or the engine does not answer.</exception>
    public Task<DockerContainer> InspectAsync(CancellationToken cancellationToken) =>
        _docker.InspectContainerAsync(_container, cancellationToken);

    /// <inheritdoc/>
    public override async Task<byte[]?> ReadFileAsync(string path, long maximumBytes, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(path);
        HostErrors.RequireAbsolute(path);

        // The archive shows the image's layers and volumes; what the kernel makes up is only seen from inside.
        if (path.StartsWith("/proc/", StringComparison.Ordinal) || path.StartsWith("/sys/", StringComparison.Ordinal))
        {
            return await base.ReadFileAsync(path, maximumBytes, cancellationToken);
        }

        var entry = await FindEntryAsync(path, maximumBytes, cancellationToken);
        if (entry is null)
        {
            return null;
        }

        if (entry.Type is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile))
        {
            throw HostErrors.FileFailed(Name, path, "it is not a regular file.");
        }

        return entry.Content ?? throw HostErrors.FileTooLarge(Name, path, maximumBytes);
    }

    /// <inheritdoc/>
    public override async Task WriteFileAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(path);
        HostErrors.RequireAbsolute(path);
        try
        {
            var result = await RunAsync(HostScripts.WriteFile(path, content), cancellationToken);

            // An image may have a shell without the tools that the script needs.
            if (result.ExitCode != CommandNotFound)
            {
                HostScripts.RequireWritten(Name, path, result);
                return;
            }
        }
        catch (OpsException error) when (error.Id == "Host.CommandNotFound")
        {
            // An image without a shell.
        }

        await WriteArchiveAsync(path, content, cancellationToken);
    }

    /// <inheritdoc/>
    public override async Task<Stream> ConnectAsync(string address, int port, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(address);
        var container = await InspectAsync(cancellationToken);
        if (container.State != "running")
        {
            throw DockerErrors.NotRunning(_container, container.Status);
        }

        if (!IsLoopback(address))
        {
            return await RelayAsync(address, port, cancellationToken);
        }

        if (container.NetworkMode == "host")
        {
            return await _engineHost.ConnectAsync(address, port, cancellationToken);
        }

        foreach (var network in container.Addresses.Values)
        {
            try
            {
                return await _engineHost.ConnectAsync(network, port, cancellationToken);
            }
            catch (OpsException error) when (error.Id.StartsWith("Endpoint.", StringComparison.Ordinal))
            {
                // The server may listen on the container's loopback address only, or the engine is elsewhere.
            }
        }

        return await RelayAsync(address, port, cancellationToken);
    }

    /// <inheritdoc/>
    public override Task<Stream> ConnectUnixAsync(string path, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(path);
        HostErrors.RequireAbsolute(path);
        return OpenRelayAsync(ContainerRelay.Unix(path), path, cancellationToken);
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        _docker.Dispose();
        if (_ownsEngineHost)
        {
            await _engineHost.DisposeAsync();
        }

        GC.SuppressFinalize(this);
    }

    /// <inheritdoc/>
    private protected override async Task<RawResult> ExecuteAsync(HostCommand command, CancellationToken cancellationToken)
    {
        var result = await _docker.ExecAsync(_container, command, cancellationToken);

        // The runtime reports on standard output what it could not start.
        if (result.ExitCode is CommandNotFound or CommandNotStarted && IsRuntimeFailure(result) is { } failure)
        {
            throw failure.Contains("permission denied", StringComparison.OrdinalIgnoreCase)
                ? new OpsException(
                    "Host.CommandForbidden", OpsErrorKind.PermissionDenied, $"'{command.Name}' on {Name} cannot be executed.", "Check the file's mode.", command.Name)
                : ProcessRunner.NotFound(Name, command.Name);
        }

        return result;
    }

    private static string? IsRuntimeFailure(RawResult result)
    {
        var text = result.ToCommandResult().StandardOutput;
        return text.Contains("exec failed", StringComparison.Ordinal) || text.Contains("executable file not found", StringComparison.Ordinal) ? text : null;
    }

    private static bool IsLoopback(string address) =>
        address.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (System.Net.IPAddress.TryParse(address, out var literal) && System.Net.IPAddress.IsLoopback(literal));

    private async Task<FoundFile?> FindEntryAsync(string path, long maximumBytes, CancellationToken cancellationToken)
    {
        // The engine answers a link with the link itself.
        for (var link = 0; link < MaximumLinks; link++)
        {
            var archive = await _docker.GetArchiveAsync(_container, path, maximumBytes + ArchiveOverhead, cancellationToken);
            if (archive is null)
            {
                return null;
            }

            await using var reader = new TarReader(new MemoryStream(archive));
            try
            {
                if (await reader.GetNextEntryAsync(copyData: false, cancellationToken) is not { } entry)
                {
                    return null;
                }

                if (entry.EntryType != TarEntryType.SymbolicLink)
                {
                    return new FoundFile(entry.EntryType, await ContentAsync(entry, maximumBytes, cancellationToken), entry.Mode, entry.Uid, entry.Gid);
                }

                path = Path.GetFullPath(entry.LinkName, Path.GetDirectoryName(path)!);
            }
            catch (Exception error) when (error is InvalidDataException or EndOfStreamException)
            {
                throw HostErrors.FileFailed(Name, path, "the engine's archive is damaged.", error);
            }
        }

        throw HostErrors.FileFailed(Name, path, "too many links follow each other.");
    }

    private static async Task<byte[]?> ContentAsync(TarEntry entry, long maximumBytes, CancellationToken cancellationToken)
    {
        if (entry.Length > maximumBytes)
        {
            return null;
        }

        using var content = new MemoryStream();
        if (entry.DataStream is { } data)
        {
            await data.CopyToAsync(content, cancellationToken);
        }

        return content.ToArray();
    }

    private async Task WriteArchiveAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var existing = await FindEntryAsync(path, 0, cancellationToken);
        using var archive = new MemoryStream();
        await using (var writer = new TarWriter(archive, leaveOpen: true))
        {
            var entry = new PaxTarEntry(TarEntryType.RegularFile, Path.GetFileName(path))
            {
                DataStream = new MemoryStream(content.ToArray()),
                Mode = existing?.Mode ?? OrdinaryFile,
                Uid = existing?.Uid ?? 0,
                Gid = existing?.Gid ?? 0,
            };
            await writer.WriteEntryAsync(entry, cancellationToken);
        }

        try
        {
            await _docker.PutArchiveAsync(_container, Path.GetDirectoryName(path)!, archive.ToArray(), cancellationToken);
        }
        catch (OpsException error) when (error.Id == "Docker.RequestFailed")
        {
            throw HostErrors.FileFailed(Name, path, error.Message, error);
        }
    }

    private async Task<Stream> RelayAsync(string address, int port, CancellationToken cancellationToken)
    {
        var target = $"{address}:{port}";
        if (IsLoopback(address))
        {
            var sockets = await GetListeningSocketsAsync(cancellationToken);
            if (!sockets.Any(socket => socket.Protocol == "tcp" && socket.Port == port))
            {
                throw SocketConnector.PortClosed(Name, target);
            }
        }

        return await OpenRelayAsync(ContainerRelay.Tcp(address, port), target, cancellationToken);
    }

    private async Task<Stream> OpenRelayAsync(HostCommand relay, string target, CancellationToken cancellationToken)
    {
        var (id, stream) = await _docker.OpenExecAsync(_container, relay, cancellationToken);
        try
        {
            await ContainerRelay.AwaitReadyAsync(stream, Name, target, cancellationToken);
            return stream;
        }
        catch
        {
            await stream.DisposeAsync();
            throw;
        }
    }

    /// <summary>A file of the container; the content is null when it is larger than was asked for.</summary>
    private sealed record FoundFile(TarEntryType Type, byte[]? Content, UnixFileMode Mode, int Uid, int Gid);
}
