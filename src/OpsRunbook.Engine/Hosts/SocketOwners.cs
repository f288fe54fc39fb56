namespace OpsRunbook.Engine.Hosts;

/// <summary>Brings sockets and the processes that hold them together.</summary>
internal static class SocketOwners
{
    /// <summary>Gives each socket its owner.</summary>
    /// <param name="sockets">Sockets with their inodes.</param>
    /// <param name="owners">Inodes and processes in the order of the process ids; read only as far as needed.</param>
    /// <returns>The sockets in order of their port.</returns>
    public static IReadOnlyList<HostSocket> Join(IEnumerable<(HostSocket Socket, long Inode)> sockets, IEnumerable<(long Inode, int Pid)> owners)
    {
        var listening = sockets.ToList();
        var wanted = listening.Select(entry => entry.Inode).ToHashSet();
        var pids = new Dictionary<long, int>();
        foreach (var (inode, pid) in owners)
        {
            // A master shares its socket with its workers and is older than they are, so the lowest id is it.
            if (wanted.Remove(inode))
            {
                pids.Add(inode, pid);
                if (wanted.Count == 0)
                {
                    break;
                }
            }
        }

        return listening
            .Select(entry => pids.TryGetValue(entry.Inode, out var pid) ? entry.Socket with { Pid = pid } : entry.Socket)
            .Distinct()
            .OrderBy(socket => socket.Port)
            .ThenBy(socket => socket.Protocol, StringComparer.Ordinal)
            .ThenBy(socket => socket.Address.ToString(), StringComparer.Ordinal)
            .ToList();
    }
}
