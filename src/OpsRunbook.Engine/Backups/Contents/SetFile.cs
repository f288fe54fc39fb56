using System.Security.Cryptography;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Backups;

/// <summary>A file of a set that is read once: its checksums are made on the way, so that nothing is read a second time for them.</summary>
internal sealed class SetFile : ReadOnlyStream
{
    private readonly BackupSet _set;
    private readonly BackupFile _file;
    private readonly CommandStream _command;
    private readonly IncrementalHash _sum = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly IncrementalHash? _weakSum;
    private long _bytes;
    private bool _ended;

    private SetFile(BackupSet set, BackupFile file, CommandStream command)
    {
        (_set, _file, _command) = (set, file, command);
        _weakSum = file.Expected?.WeakChecksum?.Length switch
        {
#pragma warning disable CA5350, CA5351 // Somebody else's manifest has no better checksum than these.
            32 => IncrementalHash.CreateHash(HashAlgorithmName.MD5),
            40 => IncrementalHash.CreateHash(HashAlgorithmName.SHA1),
#pragma warning restore CA5350, CA5351
            _ => null,
        };
    }

    /// <summary>Name of the set and the file in messages.</summary>
    public string Shown => Show(_set, _file);

    /// <summary>Name of a set and a file of it in messages.</summary>
    /// <param name="set">The set.</param>
    /// <param name="file">The file.</param>
    /// <returns>The name.</returns>
    public static string Show(BackupSet set, BackupFile file) => set.IsFolder ? $"{set.Name}/{file.Path}" : set.Name;

    /// <summary>Opens a file.</summary>
    /// <param name="set">Its set.</param>
    /// <param name="file">The file.</param>
    /// <param name="cancellationToken">Ends the start.</param>
    /// <returns>The file; dispose it.</returns>
    public static async Task<SetFile> OpenAsync(BackupSet set, BackupFile file, CancellationToken cancellationToken) => new(set, file, await set.OpenAsync(file, cancellationToken));

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_ended)
        {
            return 0;
        }

        var count = await _command.Output.ReadAsync(buffer, cancellationToken);
        _sum.AppendData(buffer.Span[..count]);
        _weakSum?.AppendData(buffer.Span[..count]);
        _bytes += count;
        if (count == 0 && buffer.Length > 0)
        {
            _ended = true;
            if (await _command.EndAsync(cancellationToken) is { Succeeded: false } failure)
            {
                throw HostErrors.FileFailed(_set.Host.Name, _set.PathOf(_file), failure.Summary);
            }
        }

        return count;
    }

    /// <summary>Reads what is left and compares the checksum with the one that was recorded.</summary>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The file as a manifest records it.</returns>
    /// <exception cref="OpsException"><c>Backup.Damaged</c>.</exception>
    public async Task<ManifestFile> FinishAsync(CancellationToken cancellationToken)
    {
        var buffer = new byte[128 * 1024];
        while (await ReadAsync(buffer, cancellationToken) > 0)
        {
            // Only for its checksum.
        }

        var expected = _file.Expected;
        if (expected?.Bytes is { } bytes && bytes != _bytes)
        {
            throw DumpErrors.Damaged(Shown, $"it has {_bytes} bytes and had {bytes} when it was written.");
        }

        var sum = Convert.ToHexString(_sum.GetHashAndReset()).ToLowerInvariant();
        var weak = _weakSum is null ? null : Convert.ToHexString(_weakSum.GetHashAndReset()).ToLowerInvariant();
        return (expected?.Sha256 is { } known && known != sum) || (weak is not null && weak != expected?.WeakChecksum)
            ? throw DumpErrors.Damaged(Shown, "its checksum is not the one that was recorded when it was written.")
            : new ManifestFile { Path = _file.Path, Bytes = _bytes, Sha256 = sum };
    }

    public override async ValueTask DisposeAsync()
    {
        await _command.DisposeAsync();
        _sum.Dispose();
        _weakSum?.Dispose();
        await base.DisposeAsync();
    }
}
