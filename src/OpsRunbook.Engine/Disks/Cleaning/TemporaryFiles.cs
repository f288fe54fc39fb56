using System.Globalization;

namespace OpsRunbook.Engine.Disks.Cleaning;

/// <summary>Files in the folders for temporary ones that nobody has read, written or moved for longer than systemd-tmpfiles allows (its tmp.conf).</summary>
internal sealed class TemporaryFiles : ICleanupCategory
{
    private static readonly (string Folder, int Days)[] Folders = [("/tmp", 10), ("/var/tmp", 30)];

    // What belongs to a running service is cleaned up with it; systemd-tmpfiles leaves it alone too.
    private static readonly string[] NotOfServices = ["!", "-path", "*/systemd-private-*", "!", "-path", "*/snap-private-tmp/*"];

    /// <inheritdoc/>
    public DiskCleanupCategory Category => DiskCleanupCategory.TemporaryFile;

    /// <inheritdoc/>
    public async Task FindAsync(CleanupSearch search, CancellationToken cancellationToken)
    {
        foreach (var (folder, days) in Folders)
        {
            var files = new List<(FileStatus Status, byte[] Path)>();
            var keep = search.Request.KeepTemporary ?? TimeSpan.FromDays(days);
            var age = string.Create(CultureInfo.InvariantCulture, $"+{(long)keep.TotalMinutes}");
            string[] conditions = keep < TimeSpan.FromMinutes(1) ? [] : ["-mmin", age, "-cmin", age, "-amin", age];
            try
            {
                // What an archive was unpacked to has the old times of its content; when it came here is its change time.
                await FileRecords.ReadTreeAsync(
                    search.Host, folder, allFileSystems: false, regularFilesOnly: true, (in FileStatus status, ReadOnlySpan<byte> path) => files.Add((status, path.ToArray())),
                    cancellationToken, [.. conditions, .. NotOfServices]);
            }
            catch (OpsException error) when (error.Kind == OpsErrorKind.NotFound)
            {
                continue;
            }

            foreach (var (status, path) in files)
            {
                await search.AddFileAsync(Category, DiskCleanupRisk.Low, status, path, $"temporary, and not used for {Duration.Format(keep)}", cancellationToken);
            }
        }
    }
}
