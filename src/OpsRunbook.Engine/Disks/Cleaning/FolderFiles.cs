using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Disks.Cleaning;

/// <summary>Some files of a folder together.</summary>
/// <param name="Device">Number of their file system.</param>
/// <param name="Count">How many.</param>
/// <param name="Bytes">Allocated bytes.</param>
/// <param name="Newest">Last change of the newest, UTC.</param>
internal sealed record FolderFiles(ulong Device, int Count, long Bytes, DateTime Newest)
{
    /// <summary>Sums up regular files in a folder and below it.</summary>
    /// <param name="host">The host.</param>
    /// <param name="folder">Absolute path of the folder.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <param name="conditions">Conditions of <c>find</c>.</param>
    /// <returns>The sums; nothing when there is no such folder.</returns>
    public static async Task<FolderFiles> ReadAsync(IHost host, string folder, CancellationToken cancellationToken, params string[] conditions)
    {
        var (device, count, bytes, newest) = (0UL, 0, 0L, 0L);
        try
        {
            await FileRecords.ReadTreeAsync(host, folder, allFileSystems: false, regularFilesOnly: true, Take, cancellationToken, conditions);
        }
        catch (OpsException error) when (error.Kind == OpsErrorKind.NotFound)
        {
            // Whoever has no such folder has nothing to clean up in it.
        }

        return new FolderFiles(device, count, bytes, DateTime.UnixEpoch.AddSeconds(newest));

        void Take(in FileStatus status, ReadOnlySpan<byte> path)
        {
            device = status.Device;
            count++;
            bytes += status.SizeBytes;
            newest = Math.Max(newest, status.ModifiedSeconds);
        }
    }
}
