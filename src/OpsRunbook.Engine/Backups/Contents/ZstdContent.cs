using System.Runtime.CompilerServices;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Backups;

/// <summary>The content of a Zstandard file, decompressed by the program of that name: the runtime has no decoder for it.</summary>
/// <param name="archive">The file.</param>
/// <param name="name">What it is called in messages.</param>
/// <param name="host">Host on which the program runs.</param>
internal sealed class ZstdContent(Stream archive, string name, IHost host) : ReadOnlyStream
{
    private const int NotFound = 127;
    private CommandStream? _command;
    private bool _ended;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_ended)
        {
            return 0;
        }

        _command ??= await host.StartAsync(new HostCommand("sh", "-c", "exec zstd -dcq") { FurtherInput = ChunksAsync(CancellationToken.None) }, cancellationToken);
        var count = await _command.Output.ReadAsync(buffer, cancellationToken);
        if (count > 0 || buffer.Length == 0)
        {
            return count;
        }

        _ended = true;
        var end = await _command.EndAsync(cancellationToken);
        return end.ExitCode switch
        {
            0 => 0,
            NotFound => throw new OpsException(
                "Backup.ToolMissing", OpsErrorKind.NotInstalled, $"{name} is compressed with zstd, which is not installed on {host.Name}.", "Install the package zstd there.", name),
            _ => throw DumpErrors.Damaged(name, $"it cannot be decompressed: {end.Summary}"),
        };
    }

    public override async ValueTask DisposeAsync()
    {
        if (_command is not null)
        {
            await _command.DisposeAsync();
        }

        await archive.DisposeAsync();
        await base.DisposeAsync();
    }

    private async IAsyncEnumerable<ReadOnlyMemory<byte>> ChunksAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var buffer = new byte[128 * 1024];
        int count;
        while ((count = await archive.ReadAsync(buffer, cancellationToken)) > 0)
        {
            yield return buffer.AsMemory(0, count);
        }
    }
}
