using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.ComponentModel;

namespace OpsRunbook.Engine.Disks;

/// <summary>Walks a tree of this machine with one thread for each core. A link is never followed, and a file that vanishes meanwhile is no failure.</summary>
internal sealed class TreeWalk
{
    private const int BufferSize = 64 * 1024;
    private const int NameOffset = 19;
    private const int MostWaitingBatches = 16;
    private const byte FolderType = 4;
    private const byte RegularType = 8;

    private readonly ITreeVisitor _visitor;
    private readonly bool _allFileSystems;
    private readonly CancellationToken _cancellationToken;

    // Each thread takes what it added last, and what another added first when it has nothing itself.
    private readonly ConcurrentBag<Work> _waiting = [];

    // What is mounted from the same file system shows files that have their own place in the tree: it comes last, for those that have none.
    private readonly ConcurrentBag<(TreeFolder Folder, byte[] Name, FileStatus Status)> _mounts = [];
    private readonly ConcurrentDictionary<(ulong Device, ulong Inode), bool> _entered = new();
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

    /// <summary>Walks.</summary>
    /// <param name="path">Where to start. A link is followed here.</param>
    /// <returns>The kernel's error number when the start cannot be looked at; 0 for none.</returns>
    public async Task<int> RunAsync(byte[] path)
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
        await WorkAsync();
        while (!_mounts.IsEmpty)
        {
            var mounts = _mounts.OrderBy(mount => mount.Folder.PathOf(mount.Name.AsSpan(0, mount.Name.Length - 1)), ByteOrder.Instance).ToList();
            _mounts.Clear();
            foreach (var (folder, mounted, mountStatus) in mounts)
            {
                Enter(folder, mounted, mountStatus);
                folder.Release();
                await WorkAsync();
            }
        }

        _cancellationToken.ThrowIfCancellationRequested();
        return 0;
    }

    private Task WorkAsync() => Task.WhenAll(Enumerable.Range(0, Math.Max(1, Environment.ProcessorCount)).Select(_ =>
        Task.Factory.StartNew(Take, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));

    private void Take()
    {
        var buffer = new byte[BufferSize];
        var spin = default(SpinWait);
        var idle = false;
        while (Volatile.Read(ref _unfinished) > 0)
        {
            if (!_waiting.TryTake(out var work))
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
            if (!_cancellationToken.IsCancellationRequested)
            {
                Do(work, buffer);
            }

            work.Folder.Release();
            Interlocked.Decrement(ref _unfinished);
        }

        if (idle)
        {
            Interlocked.Decrement(ref _idle);
        }
    }

    private void Do(Work work, byte[] buffer)
    {
        var folder = work.Folder;
        if (work.Entries is { } entries)
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
                Add(new Work(folder, buffer.AsSpan(0, count).ToArray()));
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

    private void Look(TreeFolder folder, ReadOnlySpan<byte> entries)
    {
        var totals = default(TreeTotals);
        while (!entries.IsEmpty)
        {
            var length = BinaryPrimitives.ReadUInt16LittleEndian(entries[16..]);
            var type = entries[18];
            var name = entries[NameOffset..length];
            name = name[..(name.IndexOf((byte)0) + 1)];
            entries = entries[length..];
            if (name.SequenceEqual(".\0"u8) || name.SequenceEqual("..\0"u8)
                || (_visitor.RegularFilesOnly && type is not (0 or FolderType or RegularType)))
            {
                continue;
            }

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
                _mounts.Add((folder, name.ToArray(), status));
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
        if (_entered.TryAdd(status.Identity, true))
        {
            Add(new Work(new TreeFolder(parent, name, status.Device, _visitor.Enter(parent, name.AsSpan(0, name.Length - 1), status)), null));
        }
    }

    private void Add(Work work)
    {
        Interlocked.Increment(ref _unfinished);
        _waiting.Add(work);
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
    private readonly record struct Work(TreeFolder Folder, byte[]? Entries);
}
