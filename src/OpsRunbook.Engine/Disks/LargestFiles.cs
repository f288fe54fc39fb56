namespace OpsRunbook.Engine.Disks;

/// <summary>Keeps the largest of the files that fit, and no more of them than are wanted.</summary>
internal sealed class LargestFiles : ITreeVisitor
{
    private readonly FileFilter _filter;
    private readonly uint? _owner;
    private readonly long _latest;
    private readonly object _gate = new();
    private readonly PriorityQueue<FoundFile, FoundFile> _kept = new(SmallestFirst.Instance);
    private readonly Dictionary<FileIdentity, FoundFile> _linked = [];
    private long _threshold;

    /// <summary>Begins.</summary>
    /// <param name="filter">Which files.</param>
    /// <param name="owner">Number of the owner; null for any.</param>
    public LargestFiles(FileFilter filter, uint? owner)
    {
        _filter = filter;
        _owner = owner;
        _threshold = filter.MinimumBytes;
        _latest = filter.OlderThan is { } age ? DateTimeOffset.UtcNow.Subtract(age).ToUnixTimeSeconds() : long.MaxValue;
    }

    /// <inheritdoc/>
    public bool RegularFilesOnly => true;

    /// <summary>Does a file fit, and is it large enough to be kept?</summary>
    /// <param name="status">What is known of it.</param>
    /// <returns>True when it is.</returns>
    public bool Wants(in FileStatus status) => status.IsRegular
        && status.SizeBytes >= Volatile.Read(ref _threshold)
        && status.ModifiedSeconds <= _latest
        && (_owner is null || status.User == _owner);

    /// <summary>Keeps a file that is wanted.</summary>
    /// <param name="status">What is known of it.</param>
    /// <param name="path">Its path.</param>
    public void Add(in FileStatus status, byte[] path)
    {
        lock (_gate)
        {
            // A file with several names is listed once, by the first of them.
            if (status.Links > 1)
            {
                if (!_linked.TryGetValue(status.Identity, out var known) || ByteOrder.Instance.Compare(path, known.Path) < 0)
                {
                    _linked[status.Identity] = new FoundFile(status, path);
                }

                return;
            }

            Keep(new FoundFile(status, path));
        }
    }

    /// <summary>What was kept.</summary>
    /// <returns>The files, the largest first.</returns>
    public IReadOnlyList<FoundFile> Complete()
    {
        lock (_gate)
        {
            foreach (var file in _linked.Values)
            {
                Keep(file);
            }

            _linked.Clear();
            return _kept.UnorderedItems.Select(item => item.Element).OrderByDescending(file => file, SmallestFirst.Instance).ToList();
        }
    }

    /// <inheritdoc/>
    object? ITreeVisitor.Enter(TreeFolder? parent, ReadOnlySpan<byte> name, in FileStatus status) => null;

    /// <inheritdoc/>
    void ITreeVisitor.File(TreeFolder folder, ReadOnlySpan<byte> name, in FileStatus status, ref TreeTotals totals)
    {
        if (Wants(status))
        {
            Add(status, folder.PathOf(name));
        }
    }

    /// <inheritdoc/>
    void ITreeVisitor.Flush(TreeFolder folder, in TreeTotals totals)
    {
    }

    /// <inheritdoc/>
    void ITreeVisitor.Unreadable(TreeFolder folder)
    {
    }

    private void Keep(FoundFile file)
    {
        _kept.Enqueue(file, file);
        if (_kept.Count > _filter.First)
        {
            _kept.Dequeue();
            Volatile.Write(ref _threshold, Math.Max(_filter.MinimumBytes, _kept.Peek().Status.SizeBytes));
        }
    }

    /// <summary>The smallest first; of equal ones the last by its path.</summary>
    private sealed class SmallestFirst : IComparer<FoundFile>
    {
        public static readonly SmallestFirst Instance = new();

        public int Compare(FoundFile? x, FoundFile? y)
        {
            var bySize = x!.Status.SizeBytes.CompareTo(y!.Status.SizeBytes);
            return bySize != 0 ? bySize : ByteOrder.Instance.Compare(y.Path, x.Path);
        }
    }
}
