namespace OpsRunbook.Engine.Disks;

/// <summary>A folder that is told apart, with the sums of what belongs to it.</summary>
internal sealed class UsageNode
{
    private long _size;
    private long _apparent;
    private long _files;
    private long _unreadable;

    public UsageNode(UsageNode? parent, byte[] path)
    {
        Path = path;
        Depth = parent is null ? 0 : parent.Depth + 1;
    }

    public byte[] Path { get; }

    public int Depth { get; }

    public List<UsageNode> Children { get; } = [];

    public TreeTotals Totals => new() { SizeBytes = Interlocked.Read(ref _size), ApparentBytes = Interlocked.Read(ref _apparent), Files = Interlocked.Read(ref _files) };

    public long Unreadable => Interlocked.Read(ref _unreadable);

    public void Add(in FileStatus status)
    {
        var totals = default(TreeTotals);
        totals.Add(status);
        Add(totals);
    }

    public void Add(in TreeTotals totals)
    {
        Interlocked.Add(ref _size, totals.SizeBytes);
        Interlocked.Add(ref _apparent, totals.ApparentBytes);
        Interlocked.Add(ref _files, totals.Files);
    }

    public void AddUnreadable(long count) => Interlocked.Add(ref _unreadable, count);
}
