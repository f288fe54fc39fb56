using System.Globalization;

namespace OpsRunbook.Engine.Hosts;

/// <summary>Reads this machine's <c>/proc</c>.</summary>
internal static class ProcFiles
{
    private const string SocketPrefix = "socket:[";

    public static List<HostProcess> ReadProcesses(CancellationToken cancellationToken)
    {
        var bootTime = ProcParser.ParseBootTime(File.ReadAllText("/proc/stat"));
        var processes = new List<HostProcess>();
        using var buffer = new MemoryStream();
        foreach (var pid in ProcessIds())
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                buffer.SetLength(0);
                var folder = $"/proc/{pid}/";
                Append(buffer, folder + "stat");
                Append(buffer, folder + "status");
                Append(buffer, folder + "cgroup");
                var status = (int)buffer.Length;
                Append(buffer, folder + "cmdline");
                var content = buffer.GetBuffer().AsSpan(0, (int)buffer.Length);
                if (ProcParser.ParseProcess(pid, content[..status], content[status..], bootTime) is { } process)
                {
                    processes.Add(process);
                }
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // It ended meanwhile, or is hidden from this user.
            }
        }

        return processes;
    }

    public static IReadOnlyList<HostSocket> ReadSockets(CancellationToken cancellationToken)
    {
        var sockets = new List<(HostSocket Socket, long Inode)>();
        foreach (var table in new[] { "tcp", "tcp6", "udp", "udp6" })
        {
            var path = $"/proc/net/{table}";
            if (File.Exists(path))
            {
                sockets.AddRange(ProcParser.ParseSockets(File.ReadAllText(path), table[..3]));
            }
        }

        return SocketOwners.Join(sockets, ReadOwners(cancellationToken));
    }

    /// <summary>Inodes of the sockets that this process has open.</summary>
    public static IReadOnlySet<long> ReadOwnSockets() => ReadInodes("self").ToHashSet();

    private static IEnumerable<int> ProcessIds() => Directory.EnumerateDirectories("/proc")
        .Select(path => int.TryParse(Path.GetFileName(path.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? pid : 0)
        .Where(pid => pid > 0)
        .Order();

    private static void Append(MemoryStream buffer, string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 0);
        file.CopyTo(buffer);
    }

    private static IEnumerable<(long Inode, int Pid)> ReadOwners(CancellationToken cancellationToken)
    {
        foreach (var pid in ProcessIds())
        {
            cancellationToken.ThrowIfCancellationRequested();
            foreach (var inode in ReadInodes($"{pid}"))
            {
                yield return (inode, pid);
            }
        }
    }

    private static List<long> ReadInodes(string process)
    {
        List<long> inodes = [];
        try
        {
            foreach (var descriptor in Directory.EnumerateFileSystemEntries($"/proc/{process}/fd"))
            {
                if (new FileInfo(descriptor).LinkTarget is { } target
                    && target.StartsWith(SocketPrefix, StringComparison.Ordinal)
                    && long.TryParse(target.AsSpan(SocketPrefix.Length).TrimEnd(']'), NumberStyles.None, CultureInfo.InvariantCulture, out var inode))
                {
                    inodes.Add(inode);
                }
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Another user's process, or one that ended meanwhile: its sockets have no visible owner.
        }

        return inodes;
    }
}
