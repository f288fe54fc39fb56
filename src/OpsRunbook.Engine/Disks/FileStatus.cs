namespace OpsRunbook.Engine.Disks;

/// <summary>What a file system knows of a file.</summary>
/// <param name="Mode">Kind and permissions.</param>
/// <param name="Device">Number of the file system.</param>
/// <param name="Inode">Number of the file in it.</param>
/// <param name="Links">Names that it has.</param>
/// <param name="SizeBytes">Allocated bytes.</param>
/// <param name="Length">Length in bytes.</param>
/// <param name="User">Owner's number.</param>
/// <param name="ModifiedSeconds">Last change of the content, seconds since 1970 UTC.</param>
/// <param name="IsMountRoot">Something is mounted here.</param>
internal readonly record struct FileStatus(
    uint Mode, ulong Device, ulong Inode, long Links, long SizeBytes, long Length, uint User, long ModifiedSeconds, bool IsMountRoot)
{
    private const uint KindMask = 0xF000;

    public bool IsFolder => (Mode & KindMask) == 0x4000;

    public bool IsRegular => (Mode & KindMask) == 0x8000;

    /// <summary>Its length is that of a content: a device's or folder's is something else.</summary>
    public bool HasLength => (Mode & KindMask) is 0x8000 or 0xA000;

    public FileIdentity Identity => new(Device, Inode);
}
