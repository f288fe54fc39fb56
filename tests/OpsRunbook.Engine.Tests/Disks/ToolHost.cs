using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Tests.Disks;

/// <summary>This machine, looked at as if it were another one, with the tools of a folder before its own.</summary>
internal sealed class ToolHost(string folder) : IHost
{
    private readonly LocalHost _host = new();

    public string Name => _host.Name;

    public Task<CommandResult> RunAsync(HostCommand command, CancellationToken cancellationToken) => _host.RunAsync(With(command), cancellationToken);

    public Task<CommandStream> StartAsync(HostCommand command, CancellationToken cancellationToken) => _host.StartAsync(With(command), cancellationToken);

    public Task<byte[]?> ReadFileAsync(string path, long maximumBytes, CancellationToken cancellationToken) => _host.ReadFileAsync(path, maximumBytes, cancellationToken);

    public Task WriteFileAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => _host.WriteFileAsync(path, content, cancellationToken);

    public Task<IReadOnlyList<string>> FindFilesAsync(string pattern, CancellationToken cancellationToken) => _host.FindFilesAsync(pattern, cancellationToken);

    public Task<Stream> ConnectAsync(string address, int port, CancellationToken cancellationToken) => _host.ConnectAsync(address, port, cancellationToken);

    public Task<Stream> ConnectUnixAsync(string path, CancellationToken cancellationToken) => _host.ConnectUnixAsync(path, cancellationToken);

    public Task<IReadOnlyList<HostProcess>> GetProcessesAsync(CancellationToken cancellationToken) => _host.GetProcessesAsync(cancellationToken);

    public Task<IReadOnlyList<HostSocket>> GetListeningSocketsAsync(CancellationToken cancellationToken) => _host.GetListeningSocketsAsync(cancellationToken);

    public Task<IReadOnlyList<HostMount>> GetMountsAsync(CancellationToken cancellationToken) => _host.GetMountsAsync(cancellationToken);

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    private HostCommand With(HostCommand command) =>
        command with { Environment = new Dictionary<string, string> { ["PATH"] = $"{folder}:{Environment.GetEnvironmentVariable("PATH")}" } };
}
