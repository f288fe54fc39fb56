using System.Collections.Concurrent;
using System.ComponentModel;

namespace OpsRunbook.Engine.Disks;

/// <summary>Walks a tree of this machine with one thread for each core. A link is never followed, and a file that vanishes meanwhile is no failure.</summary>
internal sealed class TreeWalk
{
    private const int BufferSize = 64 * 1024;
    private const int MostWaitingBatches = 16;

    private readonly ITreeVisitor _visitor;
    private readonly bool _allFileSystems;
    private readonly CancellationToken _cancellationToken;

    // Each thread takes what it added last, and what another added first when it has nothing itself.
    private readonly ConcurrentBag<Job> _waiting = [];

    // What is mounted from the same file system shows files that have their own place in the tree: it comes last, for those that have none.
    private readonly ConcurrentBag<Mount> _mounts = [];
    private readonly HashSet<FileIdentity> _entered = [];
    private int _unfinished;
    private int _idle;
    private string? _firstProblem;
    private long _problems;

    public TreeWalk(ITreeVisitor visitor, bool allFileSystems, CancellationToken cancellationToken)
    {
        _visitor = visitor;
        _allFileSystems = allFileSystems;
        _cancellationToken = cancellationToken;
    }

    /// <summary>Files and folders that could not be looked at.</summary>
    public long Problems => Interlocked.Read(ref _problems);

    /// <summary>One of them and why; null for none.</summary>
    public string? FirstProblem => _firstProblem;

    /// <summary>Walks, on this thread and one more for each further core.</summary>
    /// <param name="path">Where to start. A link is followed here.</param>
    /// <returns>The kernel's error number when the start cannot be looked at; 0 for none.</returns>
    public int Run(byte[] path)
    {
        var name = RawPaths.Terminate(path);
        var error = NativeFiles.Status(NativeFiles.CurrentFolder, name, follow: true, out var status);
        if (error != 0)
        {
            return error;
        }

        if (!status.IsFolder)
        {
            return NativeFiles.NotAFolder;
        }

        Enter(null, name, status);
        Work();
        while (!_mounts.IsEmpty)
        {
            var mounts = _mounts.OrderBy(mount => mount.Path, ByteOrder.Instance).ToList();
            _mounts.Clear();
            foreach (var mount in mounts)
            {
                Enter(mount.Folder, mount.Name, mount.Status);
                mount.Folder.Release();
                Work();
            }
        }

        _cancellationToken.ThrowIfCancellationRequested();
        return 0;
    }

    private void Work() => CoreThreads.Run(Environment.ProcessorCount, Take);

    private void Take()
    {
        var buffer = new byte[BufferSize];
        var spin = default(SpinWait);
        var idle = false;
        while (Volatile.Read(ref _unfinished) > 0)
        {
            if (!_waiting.TryTake(out var job))
            {
                if (!idle)
                {
                    idle = true;
                    Interlocked.Increment(ref _idle);
                }

                spin.SpinOnce(sleep1Threshold: 20);
                continue;
            }

            if (idle)
            {
                idle = false;
                Interlocked.Decrement(ref _idle);
                spin.Reset();
            }

            // After a cancellation what waits is only let go, so that every folder is closed.
            try
            {
                if (!_cancellationToken.IsCancellationRequested)
                {
                    Do(job, buffer);
                }
            }
            finally
            {
                job.Folder.Release();
                Interlocked.Decrement(ref _unfinished);
            }
        }

        if (idle)
        {
            Interlocked.Decrement(ref _idle);
        }
    }

    private void Do(Job job, byte[] buffer)
    {
        var folder = job.Folder;
        if (job.Entries is { } entries)
        {
            Look(folder, entries);
            return;
        }

        var parent = folder.Parent is { } above ? above.Descriptor : NativeFiles.CurrentFolder;
        folder.Descriptor = NativeFiles.OpenFolder(parent, folder.Name, follow: folder.Parent is null, out var error);
        while (error == 0 && !_cancellationToken.IsCancellationRequested)
        {
            var count = NativeFiles.ReadEntries(folder.Descriptor, buffer, out error);
            if (count <= 0)
            {
                break;
            }

            // A large folder is shared with the threads that have nothing to do.
            if (count > BufferSize / 2 && Volatile.Read(ref _idle) > 0 && _waiting.Count < MostWaitingBatches)
            {
                folder.Use();
                Add(new Job(folder, buffer.AsSpan(0, count).ToArray()));
            }
            else
            {
                Look(folder, buffer.AsSpan(0, count));
            }
        }

        if (error != 0)
        {
            Fail(folder, default, error);
        }
    }

    private void Look(TreeFolder folder, ReadOnlySpan<byte> read)
    {
        var totals = default(TreeTotals);
        var entries = new FolderEntries(read);
        while (entries.Next())
        {
            if (_visitor.RegularFilesOnly && entries.Type is not (FolderEntries.UnknownType or FolderEntries.FolderType or FolderEntries.RegularType))
            {
                continue;
            }

            var name = entries.Name;
            var error = NativeFiles.Status(folder.Descriptor, name, follow: false, out var status);
            if (error != 0)
            {
                Fail(folder, name[..^1], error);
            }
            else if (!status.IsFolder)
            {
                _visitor.File(folder, name[..^1], status, ref totals);
            }
            else if (status.Device != folder.Device && !_allFileSystems)
            {
                continue;
            }
            else if (status.IsMountRoot)
            {
                folder.Use();
                _mounts.Add(new Mount(folder, name.ToArray(), status));
            }
            else
            {
                Enter(folder, name.ToArray(), status);
            }
        }

        _visitor.Flush(folder, totals);
    }

    private void Enter(TreeFolder? parent, byte[] name, in FileStatus status)
    {
        bool isNew;
        lock (_entered)
        {
            isNew = _entered.Add(status.Identity);
        }

        if (isNew)
        {
            Add(new Job(new TreeFolder(parent, name, status.Device, _visitor.Enter(parent, name.AsSpan(0, name.Length - 1), status)), null));
        }
    }

    private void Add(Job job)
    {
        Interlocked.Increment(ref _unfinished);
        _waiting.Add(job);
    }

    private void Fail(TreeFolder folder, ReadOnlySpan<byte> name, int error)
    {
        // It was removed, or replaced by something else, since its name was read.
        if (error is NativeFiles.NoSuchFile || (folder.Parent is not null && error is NativeFiles.NotAFolder or NativeFiles.SymbolicLinkLoop))
        {
            return;
        }

        if (Interlocked.Increment(ref _problems) == 1)
        {
            _firstProblem = $"{RawPaths.ToText(folder.PathOf(name))}: {new Win32Exception(error).Message}";
        }

        _visitor.Unreadable(folder);
    }

    /// <summary>A folder to read, or entries of it that have been read.</summary>
    private sealed record Job(TreeFolder Folder, byte[]? Entries);

    /// <summary>A folder on which something is mounted.</summary>
    private sealed record Mount(TreeFolder Folder, byte[] Name, FileStatus Status)
    {
        public byte[] Path { get; } = Folder.PathOf(Name.AsSpan(0, Name.Length - 1));
    }
}
