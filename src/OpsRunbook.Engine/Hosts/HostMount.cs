namespace OpsRunbook.Engine.Hosts;

/// <summary>A mounted file system.</summary>
/// <param name="Path">Where it is mounted.</param>
/// <param name="Device">Device or source.</param>
/// <param name="FileSystem">Type, such as <c>ext4</c>.</param>
/// <param name="TotalBytes">Size in bytes.</param>
/// <param name="FreeBytes">Free for root, in bytes.</param>
/// <param name="AvailableBytes">Free for everybody else, in bytes. Use is computed from this, as <c>df</c> does.</param>
/// <param name="TotalInodes">Number of inodes; 0 when the file system has no fixed number.</param>
/// <param name="FreeInodes">Free inodes.</param>
/// <param name="ReadOnly">Mounted read-only.</param>
public sealed record HostMount(
    string Path,
    string Device,
    string FileSystem,
    long TotalBytes,
    long FreeBytes,
    long AvailableBytes,
    long TotalInodes,
    long FreeInodes,
    bool ReadOnly)
{
    /// <summary>Why the sizes could not be read, for example a file server that does not answer; null when they were. The sizes are 0 then.</summary>
    public string? Problem { get; init; }

    /// <summary>Used part in percent, as <c>df</c> computes it: used / (used + available).</summary>
    public double UsedPercent
    {
        get
        {
            var used = TotalBytes - FreeBytes;
            return used + AvailableBytes <= 0 ? 0 : 100.0 * used / (used + AvailableBytes);
        }
    }

    /// <summary>Used part of the inodes in percent; 0 when the file system has no fixed number.</summary>
    public double UsedInodesPercent => TotalInodes <= 0 ? 0 : 100.0 * (TotalInodes - FreeInodes) / TotalInodes;
}
