using System.Globalization;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Disks.Cleaning;

/// <summary>Archived files of systemd's journal. journalctl removes them itself; the active ones always stay.</summary>
internal sealed class JournalArchives : ICleanupCategory
{
    private const string Folder = "/var/log/journal";
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    /// <inheritdoc/>
    public DiskCleanupCategory Category => DiskCleanupCategory.Journal;

    /// <inheritdoc/>
    public async Task FindAsync(CleanupSearch search, CancellationToken cancellationToken)
    {
        var keep = search.Request.KeepLogs;
        var minutes = ((long)keep.TotalMinutes).ToString(CultureInfo.InvariantCulture);
        var files = await FolderFiles.ReadAsync(search.Host, Folder, cancellationToken, "-name", "*@*.journal*", "-mmin", "+" + minutes);
        search.Add(
            Category, DiskCleanupRisk.Medium, "Vacuum", Folder, files.Device, files.Bytes, files.Newest, $"{files.Count} archived files of the journal, older than {Duration.Format(keep)}",
            token => VacuumAsync(search.Host, (long)Math.Ceiling(keep.TotalSeconds), token));
    }

    private static async Task<CleanupResult> VacuumAsync(IHost host, long seconds, CancellationToken cancellationToken)
    {
        var time = string.Create(CultureInfo.InvariantCulture, $"--vacuum-time={seconds}s");
        var result = await host.RunAsync(new HostCommand("journalctl", time) { Timeout = Limit }, cancellationToken);

        // It complains and ends with success when it may not remove a file.
        return DiskErrors.IsReadOnly(result.StandardError) ? throw DiskErrors.ReadOnly(host.Name, Folder)
            : result.Succeeded && !result.StandardError.Contains("Failed to delete", StringComparison.Ordinal) ? CleanupResult.Done
            : throw new OpsException("Disk.Journal", OpsErrorKind.OperationFailed, $"journalctl {time} failed on {host.Name}: {result.Summary}", "Run as root.", Folder);
    }
}
