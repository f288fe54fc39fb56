using System.Text;

namespace OpsRunbook.Engine.Disks;

/// <summary>Sums up a tree whose records come as a list, each folder before what is in it.</summary>
internal sealed class RecordTally
{
    private readonly UsageTally _tally;
    private readonly byte[] _start;
    private readonly int _depth;
    private readonly bool _allFileSystems;

    // Latin-1 keeps every byte.
    private readonly Dictionary<string, UsageNode> _nodes = new(StringComparer.Ordinal);
    private UsageNode? _root;
    private ulong _device;

    public RecordTally(UsageTally tally, byte[] start, int depth, bool allFileSystems)
    {
        _tally = tally;
        _start = start;
        _depth = depth;
        _allFileSystems = allFileSystems;
    }

    /// <summary>Takes a record.</summary>
    /// <param name="status">What is known of the file.</param>
    /// <param name="path">Its path.</param>
    public void Take(in FileStatus status, ReadOnlySpan<byte> path)
    {
        if (_root is null)
        {
            _device = status.Device;
            _root = _tally.AddFolder(null, default, status);
            return;
        }

        // find names the folder over which another file system is mounted, but does not go into it.
        if (status.IsFolder && status.Device != _device && !_allFileSystems)
        {
            return;
        }

        var name = path.LastIndexOf((byte)'/') + 1;
        var parent = Find(path[..Math.Max(0, name - 1)]);
        if (status.IsFolder)
        {
            var node = _tally.AddFolder(parent, path[name..], status);
            if (node != parent)
            {
                _nodes[Encoding.Latin1.GetString(path)] = node;
            }

            return;
        }

        var totals = default(TreeTotals);
        _tally.AddFile(parent, status, ref totals);
        parent.Add(totals);
    }

    /// <summary>Ends the list.</summary>
    /// <param name="unreadable">What could not be looked at; nobody says where it is.</param>
    public void Complete(long unreadable)
    {
        if (_root is not null && unreadable > 0)
        {
            UsageTally.AddUnreadable(_root, unreadable);
        }
    }

    private UsageNode Find(ReadOnlySpan<byte> folder)
    {
        // Only the folders above the depth that is told apart are known; the rest belongs to them.
        var length = _start.AsSpan().EndsWith("/"u8) ? 0 : _start.Length;
        for (var level = 0; level < _depth && length < folder.Length; level++)
        {
            var next = folder[(length + 1)..].IndexOf((byte)'/');
            length = next < 0 ? folder.Length : length + 1 + next;
        }

        return _nodes.GetValueOrDefault(Encoding.Latin1.GetString(folder[..Math.Min(length, folder.Length)])) ?? _root!;
    }
}
