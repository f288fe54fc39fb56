namespace OpsRunbook.Engine.Disks;

/// <summary>Sums of some files of one folder.</summary>
internal struct TreeTotals
{
    public long SizeBytes;
    public long ApparentBytes;
    public long Files;

    /// <summary>Adds a file or folder.</summary>
    /// <param name="status">What is known of it.</param>
    public void Add(in FileStatus status)
    {
        SizeBytes += status.SizeBytes;
        ApparentBytes += status.HasLength ? status.Length : 0;
        Files += status.IsFolder ? 0 : 1;
    }
}
