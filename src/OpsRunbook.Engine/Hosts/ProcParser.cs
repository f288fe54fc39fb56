using System.Globalization;
using System.Net;
using System.Text;

namespace OpsRunbook.Engine.Hosts;

/// <summary>
/// Reads what <c>/proc</c> says, wherever it was read. A process may give itself any name and any
/// arguments, so nothing here trusts a separator that a process could write itself.
/// </summary>
internal static class ProcParser
{
    // USER_HZ, in which the kernel reports times to programs, is 100 on every architecture .NET runs on.
    private const double TicksPerSecond = 100;

    // Fields of /proc/PID/stat after the state, counted from the parent's id.
    private const int UserTimeField = 10;
    private const int StartTimeField = 18;

    /// <summary>Reads one process.</summary>
    /// <param name="pid">Its id.</param>
    /// <param name="status"><c>stat</c>, <c>status</c> and <c>cgroup</c>, one after the other.</param>
    /// <param name="commandLine"><c>cmdline</c>.</param>
    /// <param name="bootTime">Start of the machine, UTC.</param>
    /// <returns>The process, its user as a number; null when it vanished while it was read.</returns>
    public static HostProcess? ParseProcess(int pid, ReadOnlySpan<byte> status, ReadOnlySpan<byte> commandLine, DateTime bootTime)
    {
        // Latin-1 keeps one character for each byte, so that positions and bytes agree.
        var text = Encoding.Latin1.GetString(status);
        var start = text.IndexOf('(', StringComparison.Ordinal);
        if (start < 0 || !TryFindFields(text, start, out var end, out var state, out var fields, out var rest))
        {
            return null;
        }

        var uid = Value(text, rest, "Uid:")?.Split('\t', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
        if (uid is null)
        {
            return null;
        }

        var resident = Value(text, rest, "VmRSS:")?.Replace("kB", string.Empty, StringComparison.Ordinal).Trim();
        var ticks = Number(fields[UserTimeField]) + Number(fields[UserTimeField + 1]);
        return new HostProcess(
            pid,
            (int)Number(fields[0]),
            Encoding.UTF8.GetString(status[(start + 1)..end]),
            SplitArguments(commandLine),
            uid,
            state,
            bootTime.AddSeconds(Number(fields[StartTimeField]) / TicksPerSecond),
            TimeSpan.FromSeconds(ticks / TicksPerSecond),
            resident is null ? 0 : Number(resident) * 1024,
            ParseControlGroup(text[rest..]));
    }

    /// <summary>Start of the machine from <c>/proc/stat</c>.</summary>
    /// <param name="stat">The file.</param>
    /// <returns>UTC; the Unix epoch when the line is missing.</returns>
    public static DateTime ParseBootTime(string stat) =>
        DateTime.UnixEpoch.AddSeconds(Number(Value(stat, 0, "btime") ?? "0"));

    /// <summary>Names by user id from <c>passwd</c> lines. The first name of an id counts.</summary>
    /// <param name="passwd">Lines as in <c>/etc/passwd</c>.</param>
    /// <returns>Names by id.</returns>
    public static Dictionary<string, string> ParseUsers(string passwd)
    {
        var users = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in passwd.Split('\n'))
        {
            var parts = line.Split(':');
            if (parts.Length >= 3 && parts[0].Length > 0)
            {
                users.TryAdd(parts[2], parts[0]);
            }
        }

        return users;
    }

    /// <summary>Listening and bound sockets from <c>/proc/net/tcp</c>, <c>tcp6</c>, <c>udp</c> or <c>udp6</c>.</summary>
    /// <param name="table">The file.</param>
    /// <param name="protocol"><c>tcp</c> or <c>udp</c>.</param>
    /// <returns>Sockets without their owner, with their inode. Malformed lines are left out.</returns>
    public static IEnumerable<(HostSocket Socket, long Inode)> ParseSockets(string table, string protocol)
    {
        foreach (var (local, remote, state, inode) in ParseTable(table))
        {
            // TCP_LISTEN is 0A; a UDP socket serves when it has a port and no peer.
            if (protocol == "tcp" ? state == "0A" : local.Port != 0 && remote.Port == 0)
            {
                yield return (new HostSocket(protocol, local.Address, local.Port, null), inode);
            }
        }
    }

    /// <summary>Established connections from <c>/proc/net/tcp</c> or <c>tcp6</c>; those that are closing (TIME_WAIT and others) are not.</summary>
    /// <param name="table">The file.</param>
    /// <returns>Both ends of each connection and its inode. Malformed lines are left out.</returns>
    public static IEnumerable<(IPEndPoint Local, IPEndPoint Remote, long Inode)> ParseConnections(string table) => ParseTable(table)
        .Where(socket => socket.State == "01")
        .Select(socket => (new IPEndPoint(socket.Local.Address, socket.Local.Port), new IPEndPoint(socket.Remote.Address, socket.Remote.Port), socket.Inode));

    private static IEnumerable<((IPAddress Address, int Port) Local, (IPAddress Address, int Port) Remote, string State, long Inode)> ParseTable(string table)
    {
        foreach (var line in table.Split('\n'))
        {
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length >= 10
                && TryParseEndPoint(fields[1], out var local)
                && TryParseEndPoint(fields[2], out var remote)
                && long.TryParse(fields[9], NumberStyles.None, CultureInfo.InvariantCulture, out var inode))
            {
                yield return (local, remote, fields[3], inode);
            }
        }
    }

    private static bool TryFindFields(string text, int start, out int end, out char state, out string[] fields, out int rest)
    {
        // The name may hold ") S 1 2" and line breaks. It ends at the first ")" that is followed by the
        // state and by nothing but numbers to the end of the line, more than a name has room for.
        for (end = text.IndexOf(')', start); end >= 0; end = text.IndexOf(')', end + 1))
        {
            var lineEnd = text.IndexOf('\n', end);
            if (lineEnd < 0 || end + 4 > lineEnd || text[end + 1] != ' ' || text[end + 3] != ' ' || !char.IsAsciiLetter(text[end + 2]))
            {
                continue;
            }

            fields = text[(end + 4)..lineEnd].Split(' ');
            if (fields.Length > StartTimeField + 10 && Array.TrueForAll(fields, field => IsNumber(field)))
            {
                state = text[end + 2];
                rest = lineEnd + 1;
                return true;
            }
        }

        (state, fields, rest) = ('?', [], 0);
        return false;
    }

    private static bool IsNumber(string field) =>
        field.Length > 0 && !field.AsSpan(field[0] == '-' ? 1 : 0).ContainsAnyExceptInRange('0', '9');

    private static long Number(string text) =>
        long.TryParse(text.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) ? value : 0;

    private static string? Value(string text, int from, string key)
    {
        var at = from;
        while (at < text.Length)
        {
            var end = text.IndexOf('\n', at);
            end = end < 0 ? text.Length : end;
            if (text.AsSpan(at, end - at).StartsWith(key, StringComparison.Ordinal))
            {
                return text[(at + key.Length)..end].Trim();
            }

            at = end + 1;
        }

        return null;
    }

    private static string ParseControlGroup(string text)
    {
        var found = string.Empty;
        foreach (var line in text.Split('\n'))
        {
            var parts = line.Split(':', 3);
            if (parts.Length != 3 || parts[0].Length == 0 || parts[0].AsSpan().ContainsAnyExceptInRange('0', '9') || !parts[2].StartsWith('/'))
            {
                continue;
            }

            // Version 2 has one line; of version 1's hierarchies systemd's is the one with the units.
            if (parts[1] == "name=systemd" || parts[0] == "0")
            {
                found = found.Length <= 1 || parts[1] == "name=systemd" ? parts[2] : found;
            }
        }

        return found;
    }

    private static string[] SplitArguments(ReadOnlySpan<byte> commandLine)
    {
        var text = Encoding.UTF8.GetString(commandLine);

        // A program that renames itself (nginx: worker process) leaves one text padded with NULs.
        return text.TrimEnd('\0') is { Length: > 0 } arguments ? arguments.Split('\0') : [];
    }

    private static bool TryParseEndPoint(string text, out (IPAddress Address, int Port) endPoint)
    {
        endPoint = default;
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon is not (8 or 32)
            || !int.TryParse(text.AsSpan(colon + 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var port))
        {
            return false;
        }

        // Each 32-bit word is printed in the machine's byte order; all that .NET runs on is little-endian.
        Span<byte> bytes = stackalloc byte[colon / 2];
        for (var word = 0; word < colon / 8; word++)
        {
            if (!uint.TryParse(text.AsSpan(word * 8, 8), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
            {
                return false;
            }

            System.Buffers.Binary.BinaryPrimitives.WriteUInt32LittleEndian(bytes[(word * 4)..], value);
        }

        var address = new IPAddress(bytes);
        endPoint = (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address, port);
        return true;
    }
}
