namespace OpsRunbook.Engine.Hosts;

/// <summary>
/// A machine or container on which things are looked at and done. Addresses such as
/// <c>localhost:3000</c> are always meant as seen from that host.
/// Every failure is an <see cref="OpsException"/> whose id begins with <c>Host.</c>.
/// </summary>
public interface IHost : IAsyncDisposable
{
    /// <summary>The stack's name for the host; <c>local</c> for this machine.</summary>
    string Name { get; }

    /// <summary>Runs an argument vector. A non-zero exit code is a result, not an exception.</summary>
    /// <param name="command">What to run. No shell is involved, and over SSH each argument is quoted.</param>
    /// <param name="cancellationToken">Ends the command.</param>
    /// <returns>Exit code and output.</returns>
    /// <exception cref="OpsException"><c>Host.CommandNotFound</c>, <c>Host.CommandTimeout</c>, or the host cannot be reached.</exception>
    Task<CommandResult> RunAsync(HostCommand command, CancellationToken cancellationToken);

    /// <summary>Starts a command whose output is read as it comes, and which may never end by itself.</summary>
    /// <param name="command">What to run. Its time and output limits do not apply.</param>
    /// <param name="cancellationToken">Ends the start.</param>
    /// <returns>The running command; dispose it.</returns>
    /// <exception cref="OpsException"><c>Host.CommandNotFound</c>, or the host cannot be reached.</exception>
    Task<CommandStream> StartAsync(HostCommand command, CancellationToken cancellationToken);

    /// <summary>Reads a whole file.</summary>
    /// <param name="path">Absolute path on the host.</param>
    /// <param name="maximumBytes">A larger file is refused.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    /// <returns>The content; null when there is no such file.</returns>
    Task<byte[]?> ReadFileAsync(string path, long maximumBytes, CancellationToken cancellationToken);

    /// <summary>Writes a whole file: temporary name in the same folder, flushed, renamed. Owner and mode of an existing file are kept.</summary>
    /// <param name="path">Absolute path on the host.</param>
    /// <param name="content">The content.</param>
    /// <param name="cancellationToken">Ends the write before the rename.</param>
    /// <returns>A task that ends when the file is in place.</returns>
    Task WriteFileAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken);

    /// <summary>Paths that match a glob (<c>/etc/nginx/sites-enabled/*</c>), sorted; empty for none.</summary>
    /// <param name="pattern">Absolute pattern with <c>*</c> and <c>?</c>.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <returns>Absolute paths.</returns>
    Task<IReadOnlyList<string>> FindFilesAsync(string pattern, CancellationToken cancellationToken);

    /// <summary>Opens a TCP connection from the host.</summary>
    /// <param name="address">Name or address as seen from the host.</param>
    /// <param name="port">TCP port.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>A stream that closes the connection when disposed.</returns>
    /// <exception cref="OpsException"><c>Endpoint.NameUnknown</c>, <c>Endpoint.PortClosed</c>, <c>Endpoint.Timeout</c>, <c>Endpoint.Unreachable</c>.</exception>
    Task<Stream> ConnectAsync(string address, int port, CancellationToken cancellationToken);

    /// <summary>Opens a connection to a Unix socket of the host.</summary>
    /// <param name="path">Absolute path of the socket.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>A stream that closes the connection when disposed.</returns>
    Task<Stream> ConnectUnixAsync(string path, CancellationToken cancellationToken);

    /// <summary>Every process of the host, with its CPU time and memory.</summary>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The processes in order of their id.</returns>
    Task<IReadOnlyList<HostProcess>> GetProcessesAsync(CancellationToken cancellationToken);

    /// <summary>Every listening TCP socket and bound UDP socket, with its owner where that may be seen.</summary>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The sockets in order of their port.</returns>
    Task<IReadOnlyList<HostSocket>> GetListeningSocketsAsync(CancellationToken cancellationToken);

    /// <summary>Every real mount (no pseudo file systems) with sizes and inodes, each file system once.</summary>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The mounts in order of their path.</returns>
    Task<IReadOnlyList<HostMount>> GetMountsAsync(CancellationToken cancellationToken);
}
