using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Tests.Services;

/// <summary>A host whose commands and processes are what the test says; everything else is this machine's.</summary>
internal sealed class ScriptedHost(Func<HostCommand, CommandResult>? run = null, params HostProcess[] processes) : IHost
{
    private readonly LocalHost _local = new();

    public List<HostCommand> Commands { get; } = [];

    public string Name => "scripted";

    public Task<CommandResult> RunAsync(HostCommand command, CancellationToken cancellationToken)
    {
        Commands.Add(command);
        return Task.FromResult((run ?? throw new NotSupportedException())(command));
    }

    public Task<CommandStream> StartAsync(HostCommand command, CancellationToken cancellationToken)
    {
        Commands.Add(command);
        var result = (run ?? throw new NotSupportedException())(command);
        var output = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(result.StandardOutput));
        return Task.FromResult(new CommandStream(output, _ => Task.FromResult(result with { StandardOutput = string.Empty }), _ => output.DisposeAsync()));
    }

    public Task<IReadOnlyList<HostProcess>> GetProcessesAsync(CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<HostProcess>>(processes);

    public Task<byte[]?> ReadFileAsync(string path, long maximumBytes, CancellationToken cancellationToken) => _local.ReadFileAsync(path, maximumBytes, cancellationToken);

    public Task WriteFileAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => _local.WriteFileAsync(path, content, cancellationToken);

    public Task<IReadOnlyList<string>> FindFilesAsync(string pattern, CancellationToken cancellationToken) => _local.FindFilesAsync(pattern, cancellationToken);

    public Task<Stream> ConnectAsync(string address, int port, CancellationToken cancellationToken) => _local.ConnectAsync(address, port, cancellationToken);

    public Task<Stream> ConnectUnixAsync(string path, CancellationToken cancellationToken) => _local.ConnectUnixAsync(path, cancellationToken);

    public Task<IReadOnlyList<HostSocket>> GetListeningSocketsAsync(CancellationToken cancellationToken) => _local.GetListeningSocketsAsync(cancellationToken);

    public Task<IReadOnlyList<HostMount>> GetMountsAsync(CancellationToken cancellationToken) => _local.GetMountsAsync(cancellationToken);

    public ValueTask DisposeAsync() => _local.DisposeAsync();
}
