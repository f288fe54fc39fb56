using System.Globalization;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Backups;

/// <summary>Room for one more set.</summary>
internal static class BackupSpace
{
    // The next set is rarely so much larger than the last one.
    private const double Growth = 1.2;

    /// <summary>Room that the next set will probably need.</summary>
    /// <param name="sets">The sets, from the oldest to the newest.</param>
    /// <param name="dataBytes">Size of the data on the server; null when it does not tell.</param>
    /// <returns>Bytes; null when nothing is known.</returns>
    public static long? Needed(IEnumerable<BackupSet> sets, long? dataBytes) =>
        sets.LastOrDefault(set => set.State == BackupState.Complete && !set.IsForeign) is { } last ? (long)(last.Bytes * Growth) : dataBytes;

    /// <summary>Free space in the file system of the sets.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="cancellationToken">Ends the look.</param>
    /// <returns>Bytes for this user; null when the host does not tell.</returns>
    public static async Task<long?> FreeAsync(BackupFolder folder, CancellationToken cancellationToken)
    {
        var result = await folder.Host.RunAsync(new HostCommand("df", "-Pk", "--", folder.Directory), cancellationToken);
        var columns = result.StandardOutput.TrimEnd().Split('\n')[^1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return result.Succeeded && columns.Length >= 6 && long.TryParse(columns[^3], NumberStyles.None, CultureInfo.InvariantCulture, out var kilobytes) ? kilobytes * 1024 : null;
    }
}
