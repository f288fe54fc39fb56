namespace OpsRunbook.Engine.Disks;

/// <summary>Sums up a tree by its folders, as deep as they are to be told apart.</summary>
internal sealed class UsageTally : ITreeVisitor
{
    private readonly int _depth;
    private readonly object _gate = new();
    private readonly Dictionary<FileIdentity, Linked> _linked = [];
    private readonly UsageNode _root;

    /// <summary>Begins.</summary>
    /// <param name="path">Where the tree starts.</param>
    /// <param name="depth">Folders below it that are told apart.</param>
    public UsageTally(byte[] path, int depth)
    {
        _root = new UsageNode(null, path);
        _depth = depth;
    }

    /// <inheritdoc/>
    public bool RegularFilesOnly => false;

    /// <summary>Adds a folder itself.</summary>
    /// <param name="parent">The folder above; null for the start.</param>
    /// <param name="name">Its name.</param>
    /// <param name="status">What is known of it.</param>
    /// <returns>Where its content belongs.</returns>
    public UsageNode AddFolder(UsageNode? parent, ReadOnlySpan<byte> name, in FileStatus status)
    {
        var node = parent is null ? _root : parent.Depth < _depth ? Child(parent, name) : parent;
        node.Add(status);
        return node;
    }

    /// <summary>Adds a file.</summary>
    /// <param name="node">Where it belongs.</param>
    /// <param name="status">What is known of it.</param>
    /// <param name="totals">Takes it, unless it has several names.</param>
    public void AddFile(UsageNode node, in FileStatus status, ref TreeTotals totals)
    {
        if (status.Links <= 1)
        {
            totals.Add(status);
            return;
        }

        // Counted at the end, where the first of its paths is: which thread came first must not decide.
        lock (_gate)
        {
            if (!_linked.TryGetValue(status.Identity, out var known) || ByteOrder.Instance.Compare(node.Path, known.Node.Path) < 0)
            {
                _linked[status.Identity] = new Linked(node, status);
            }
        }
    }

    /// <summary>The sums, once the walk is over.</summary>
    /// <param name="host">Name of the host.</param>
    /// <returns>The folders, the largest first.</returns>
    public IReadOnlyList<DiskUsage> Complete(string host)
    {
        foreach (var file in _linked.Values)
        {
            file.Node.Add(file.Status);
        }

        _linked.Clear();
        var nodes = new List<UsageNode>();
        Collect(_root, nodes);
        return nodes
            .OrderByDescending(node => node.Totals.SizeBytes)
            .ThenBy(node => node.Path, ByteOrder.Instance)
            .Select(node => new DiskUsage
            {
                Host = host,
                Path = RawPaths.ToText(node.Path),
                RawPath = node.Path,
                Depth = node.Depth,
                SizeBytes = node.Totals.SizeBytes,
                ApparentBytes = node.Totals.ApparentBytes,
                Files = node.Totals.Files,
                Unreadable = node.Unreadable,
            })
            .ToList();
    }

    /// <summary>Some content could not be looked at.</summary>
    /// <param name="node">Where it belongs.</param>
    /// <param name="count">How much.</param>
    public static void AddUnreadable(UsageNode node, long count) => node.AddUnreadable(count);

    /// <inheritdoc/>
    object? ITreeVisitor.Enter(TreeFolder? parent, ReadOnlySpan<byte> name, in FileStatus status) => AddFolder((UsageNode?)parent?.Tag, name, status);

    /// <inheritdoc/>
    void ITreeVisitor.File(TreeFolder folder, ReadOnlySpan<byte> name, in FileStatus status, ref TreeTotals totals) =>
        AddFile((UsageNode)folder.Tag!, status, ref totals);

    /// <inheritdoc/>
    void ITreeVisitor.Flush(TreeFolder folder, in TreeTotals totals) => ((UsageNode)folder.Tag!).Add(totals);

    /// <inheritdoc/>
    void ITreeVisitor.Unreadable(TreeFolder folder) => AddUnreadable((UsageNode)folder.Tag!, 1);

    private static UsageNode Child(UsageNode parent, ReadOnlySpan<byte> name)
    {
        var child = new UsageNode(parent, RawPaths.Join(parent.Path, name));
        lock (parent.Children)
        {
            parent.Children.Add(child);
        }

        return child;
    }

    // The depth told apart bounds the recursion, and it is bounded by the parameter.
    private static void Collect(UsageNode node, List<UsageNode> nodes)
    {
        foreach (var child in node.Children)
        {
            Collect(child, nodes);
            node.Add(child.Totals);
            node.AddUnreadable(child.Unreadable);
        }

        nodes.Add(node);
    }

    /// <summary>A file with several names, and where it belongs.</summary>
    private sealed record Linked(UsageNode Node, FileStatus Status);
}
