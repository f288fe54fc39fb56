using System.Collections.Concurrent;
using System.ComponentModel;
using System.Runtime.InteropServices;

namespace OpsRunbook.Engine.Hosts;

/// <summary>Sizes of this machine's file systems (<c>statvfs</c>).</summary>
internal static class FileSystemUsage
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);

    // A question to a dead file server never returns. The thread that asked is kept, so that repeated
    // readings wait for the same one instead of losing another thread each time.
    private static readonly ConcurrentDictionary<string, Task<HostMount>> Pending = new(StringComparer.Ordinal);

    public static async Task<IReadOnlyList<HostMount>> ReadAsync(IReadOnlyList<MountEntry> entries, CancellationToken cancellationToken) =>
        await Task.WhenAll(entries.Select(entry => ReadAsync(entry, cancellationToken)));

    private static async Task<HostMount> ReadAsync(MountEntry entry, CancellationToken cancellationToken)
    {
        if (!entry.IsRemote)
        {
            return Read(entry);
        }

        var answer = Pending.GetOrAdd(entry.Path, _ => Task.Factory.StartNew(
            () => Read(entry), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default));
        try
        {
            var mount = await answer.WaitAsync(Limit, cancellationToken);
            Pending.TryRemove(entry.Path, out _);
            return mount;
        }
        catch (TimeoutException)
        {
            return MountTable.Unread(entry, $"it does not answer within {Duration.Format(Limit)}");
        }
    }

    private static HostMount Read(MountEntry entry)
    {
        if (!Environment.Is64BitProcess)
        {
            throw new PlatformNotSupportedException("File system sizes are read on 64-bit systems only.");
        }

        var buffer = new Statvfs();
        if (statvfs(entry.Path, ref buffer) != 0)
        {
            return MountTable.Unread(entry, new Win32Exception(Marshal.GetLastPInvokeError()).Message);
        }

        var unit = (long)(buffer.FragmentSize == 0 ? buffer.BlockSize : buffer.FragmentSize);
        return new HostMount(
            entry.Path,
            entry.Device,
            entry.FileSystem,
            (long)buffer.Blocks * unit,
            (long)buffer.FreeBlocks * unit,
            (long)buffer.AvailableBlocks * unit,
            (long)buffer.Inodes,
            (long)buffer.FreeInodes,
            entry.ReadOnly);
    }

    [DllImport("libc", EntryPoint = "statvfs", CharSet = CharSet.Ansi, BestFitMapping = false, SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int statvfs([MarshalAs(UnmanagedType.LPUTF8Str)] string path, ref Statvfs buffer);

    /// <summary><c>struct statvfs</c> of 64-bit glibc and musl, with room to spare at the end.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 256)]
    private struct Statvfs
    {
        public ulong BlockSize;
        public ulong FragmentSize;
        public ulong Blocks;
        public ulong FreeBlocks;
        public ulong AvailableBlocks;
        public ulong Inodes;
        public ulong FreeInodes;
    }
}
