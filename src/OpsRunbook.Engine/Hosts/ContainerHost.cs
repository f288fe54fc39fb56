namespace OpsRunbook.Engine.Hosts;

/// <summary>A container reached through the Engine API.</summary>
public sealed class ContainerHost : IHost
{
    public ContainerHost(string name, string container, string? endpoint) => Name = name;
    public string Name { get; }
    public Task<CommandResult> RunAsync(HostCommand command, CancellationToken cancellationToken) => throw new NotSupportedException();
    public Task<byte[]?> ReadFileAsync(string path, long maximumBytes, CancellationToken cancellationToken) => throw new NotSupportedException();
    public Task WriteFileAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => throw new NotSupportedException();
    public Task<IReadOnlyList<string>> FindFilesAsync(string pattern, CancellationToken cancellationToken) => throw new NotSupportedException();
    public Task<Stream> ConnectAsync(string address, int port, CancellationToken cancellationToken) => throw new NotSupportedException();
    public Task<Stream> ConnectUnixAsync(string path, CancellationToken cancellationToken) => throw new NotSupportedException();
    public Task<IReadOnlyList<HostProcess>> GetProcessesAsync(CancellationToken cancellationToken) => throw new NotSupportedException();
    public Task<IReadOnlyList<HostSocket>> GetListeningSocketsAsync(CancellationToken cancellationToken) => throw new NotSupportedException();
    public Task<IReadOnlyList<HostMount>> GetMountsAsync(CancellationToken cancellationToken) => throw new NotSupportedException();
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
