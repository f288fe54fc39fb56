using System.Buffers.Text;
using System.Globalization;
using System.Text;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Disks;

/// <summary>Files that have no name any more but take their space until the processes that hold them close them.</summary>
internal static class DeletedFiles
{
    /// <summary>A deleted file.</summary>
    /// <param name="Status">What is known of it.</param>
    /// <param name="Path">Where it was.</param>
    /// <param name="Pids">Who holds it.</param>
    public sealed record Held(FileStatus Status, byte[] Path, SortedSet<int> Pids);

    /// <summary>Those of a tree, or of the file system that it is on.</summary>
    /// <param name="host">The host.</param>
    /// <param name="path">Start of the tree.</param>
    /// <param name="largest">Says which fit.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The files.</returns>
    public static async Task<IReadOnlyCollection<Held>> ReadAsync(IHost host, string path, LargestFiles largest, CancellationToken cancellationToken)
    {
        // A process with another root names another path; the space is gone from the same file system.
        var device = await DeviceAsync(host, path, cancellationToken);
        var folder = Encoding.UTF8.GetBytes(path);
        var files = new Dictionary<FileIdentity, Held>();
        if (DiskInspector.IsNative(host))
        {
            OpenDescriptors.ReadDeleted(host.Name, Add, cancellationToken);
        }
        else
        {
            await FileRecords.ReadDeletedAsync(host, Take, cancellationToken);
        }

        return files.Values;

        void Take(in FileStatus status, ReadOnlySpan<byte> text)
        {
            var space = text.IndexOf((byte)' ');
            if (space >= 0 && TryPid(text[..space], out var pid))
            {
                Add(pid, status, text[(space + 1)..]);
            }
        }

        void Add(int pid, in FileStatus status, ReadOnlySpan<byte> target)
        {
            // A file may be called "x (deleted)"; one that is deleted has no name left. Memory that looks like a file takes no disk.
            if (status.Links > 0 || target.StartsWith("/memfd:"u8) || target.StartsWith("/SYSV"u8) || !target.EndsWith(" (deleted)"u8) || !largest.Wants(status))
            {
                return;
            }

            target = target[..^" (deleted)"u8.Length];
            if (status.Device != device && !RawPaths.IsUnder(target, folder))
            {
                return;
            }

            if (!files.TryGetValue(status.Identity, out var file))
            {
                files[status.Identity] = file = new Held(status, target.ToArray(), []);
            }

            file.Pids.Add(pid);
        }
    }

    private static async Task<ulong> DeviceAsync(IHost host, string path, CancellationToken cancellationToken)
    {
        if (DiskInspector.IsNative(host))
        {
            var error = NativeFiles.Status(NativeFiles.CurrentFolder, RawPaths.Terminate(Encoding.UTF8.GetBytes(path)), follow: true, out var status);
            return error == 0 ? status.Device : throw DiskErrors.Start(host.Name, path, error);
        }

        var start = await host.RunAsync(new HostCommand("stat", "-L", "-c", "%d", "--", path), cancellationToken);
        return ulong.TryParse(start.StandardOutput.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var device) ? device
            : throw (HostScripts.IsForbidden(start.StandardError) ? HostErrors.FileForbidden(host.Name, path) : DiskErrors.Start(host.Name, path, NativeFiles.NoSuchFile));
    }

    private static bool TryPid(ReadOnlySpan<byte> descriptor, out int pid)
    {
        pid = 0;
        return descriptor.StartsWith("/proc/"u8) && Utf8Parser.TryParse(descriptor["/proc/".Length..], out pid, out _);
    }

    /// <summary>Says who holds the files.</summary>
    /// <param name="host">The host.</param>
    /// <param name="owners">Names of users.</param>
    /// <param name="files">The files.</param>
    /// <param name="cancellationToken">Ends the questions.</param>
    /// <returns>The files; one whose holders have ended meanwhile is gone.</returns>
    public static async Task<IReadOnlyList<LargeFile>> DescribeAsync(
        IHost host, FileOwners owners, IReadOnlyCollection<Held> files, CancellationToken cancellationToken)
    {
        if (files.Count == 0)
        {
            return [];
        }

        var processes = await host.GetProcessesAsync(cancellationToken);
        var services = await ServiceOwners.CreateAsync(host, processes, cancellationToken);
        var described = new List<LargeFile>();
        foreach (var file in files)
        {
            if (processes.FirstOrDefault(process => file.Pids.Contains(process.Pid)) is not { } process)
            {
                continue;
            }

            described.Add(new LargeFile
            {
                Host = host.Name,
                Path = RawPaths.ToText(file.Path),
                RawPath = file.Path,
                SizeBytes = file.Status.SizeBytes,
                ApparentBytes = file.Status.Length,
                Owner = owners.Name(file.Status.User),
                Modified = DateTime.UnixEpoch.AddSeconds(file.Status.ModifiedSeconds),
                Links = 0,
                Device = file.Status.Device,
                Inode = file.Status.Inode,
                Deleted = true,
                Pid = process.Pid,
                ProcessStartTime = process.StartTime,
                Process = process.Name,
                Service = (await services.FindAsync(process.Pid, cancellationToken))?.Display,
                Holders = file.Pids.Count,
            });
        }

        return described;
    }
}
