using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Disks.Cleaning;

/// <summary>A file system that is to be cleaned up.</summary>
/// <param name="Device">Its number, as <c>stat</c> prints it.</param>
/// <param name="Mount">Where it is mounted, and its sizes when the search began.</param>
internal sealed record CleanupFileSystem(ulong Device, HostMount Mount)
{
    /// <summary>What has to be freed for a used part, bytes; negative when more than that is free.</summary>
    /// <param name="mount">The file system with its present sizes.</param>
    /// <param name="percent">Used part that is wanted, percent.</param>
    /// <returns>The bytes.</returns>
    public static long Missing(HostMount mount, double percent)
    {
        // df leaves out what is reserved for root, and so does this.
        var used = mount.TotalBytes - mount.FreeBytes;
        return used - (long)(percent / 100 * (used + mount.AvailableBytes));
    }
}
