using System.ComponentModel;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Disks;

/// <summary>What the processes of this machine have open, read from <c>/proc</c> without starting a program.</summary>
internal static class OpenDescriptors
{
    private const int BufferSize = 32 * 1024;

    // A page: the kernel gives no longer path.
    private const int LongestPath = 4096;

    /// <summary>Takes a descriptor.</summary>
    /// <param name="pid">The process.</param>
    /// <param name="status">What is known of the file.</param>
    /// <param name="target">What the kernel says of where it is.</param>
    public delegate void Taker(int pid, in FileStatus status, ReadOnlySpan<byte> target);

    /// <summary>Files that have lost their name. Processes of others are left out unless this one may look into them.</summary>
    /// <param name="host">Name of this machine.</param>
    /// <param name="take">Takes the descriptors.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="OpsException">There is no <c>/proc</c>.</exception>
    public static void ReadDeleted(string host, Taker take, CancellationToken cancellationToken)
    {
        var (processes, descriptors, target) = (new byte[BufferSize], new byte[BufferSize], new byte[LongestPath]);
        var root = NativeFiles.OpenFolder(NativeFiles.CurrentFolder, "/proc\0"u8, follow: true, out var error);
        if (error != 0)
        {
            throw HostErrors.FileFailed(host, "/proc", new Win32Exception(error).Message);
        }

        try
        {
            int count;
            while ((count = NativeFiles.ReadEntries(root, processes, out error)) > 0)
            {
                var entries = new FolderEntries(processes.AsSpan(0, count));
                while (entries.Next())
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    if (int.TryParse(entries.Name[..^1], out var pid))
                    {
                        ReadProcess(root, pid, RawPaths.Join(entries.Name[..^1], "fd\0"u8), descriptors, target, take);
                    }
                }
            }
        }
        finally
        {
            NativeFiles.Close(root);
        }

        if (error != 0)
        {
            throw HostErrors.FileFailed(host, "/proc", new Win32Exception(error).Message);
        }
    }

    private static void ReadProcess(int root, int pid, byte[] folder, byte[] buffer, byte[] target, Taker take)
    {
        var descriptors = NativeFiles.OpenFolder(root, folder, follow: false, out var error);
        if (error != 0)
        {
            return;
        }

        int count;
        while ((count = NativeFiles.ReadEntries(descriptors, buffer, out _)) > 0)
        {
            var entries = new FolderEntries(buffer.AsSpan(0, count));
            while (entries.Next())
            {
                var length = NativeFiles.ReadLink(descriptors, entries.Name, target);
                if (length > 0 && target[0] == (byte)'/' && target.AsSpan(0, length).EndsWith(" (deleted)"u8)
                    && NativeFiles.Status(descriptors, entries.Name, follow: true, out var status) == 0)
                {
                    take(pid, status, target.AsSpan(0, length));
                }
            }
        }

        NativeFiles.Close(descriptors);
    }
}
