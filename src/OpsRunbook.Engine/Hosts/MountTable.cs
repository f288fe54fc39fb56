using System.Globalization;
using System.Text;

namespace OpsRunbook.Engine.Hosts;

/// <summary>One line of <c>/proc/self/mountinfo</c>.</summary>
/// <param name="DeviceNumber">Major and minor number, which identify the file system.</param>
/// <param name="Root">Part of the file system that is mounted: <c>/</c>, or the source of a bind mount.</param>
/// <param name="Path">Where it is mounted.</param>
/// <param name="FileSystem">Type.</param>
/// <param name="Device">Device or source.</param>
/// <param name="ReadOnly">Mounted read-only.</param>
internal sealed record MountEntry(string DeviceNumber, string Root, string Path, string FileSystem, string Device, bool ReadOnly)
{
    /// <summary>Served by another machine or a program, which may never answer.</summary>
    public bool IsRemote => FileSystem is "nfs" or "nfs4" or "cifs" or "smb3" or "ceph" or "glusterfs" or "9p" or "afs"
        || FileSystem.StartsWith("fuse", StringComparison.Ordinal);
}

/// <summary>Reads the mount table and picks what an operator means by "disks".</summary>
internal static class MountTable
{
    private static readonly HashSet<string> Pseudo = new(StringComparer.Ordinal)
    {
        "autofs", "binder", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts", "devtmpfs", "efivarfs",
        "fuse.gvfsd-fuse", "fuse.lxcfs", "fuse.portal", "fusectl", "hugetlbfs", "mqueue", "nfsd", "none", "nsfs", "proc", "pstore",
        "ramfs", "resctrl", "rootfs", "rpc_pipefs", "securityfs", "selinuxfs", "smackfs", "sysfs", "tracefs",

        // Images that are always full.
        "cramfs", "erofs", "iso9660", "squashfs", "udf",
    };

    /// <summary>Reads the table.</summary>
    /// <param name="mountInfo">Content of <c>mountinfo</c>.</param>
    /// <returns>Entries in the table's order. Malformed lines are left out.</returns>
    public static IReadOnlyList<MountEntry> Parse(ReadOnlySpan<byte> mountInfo)
    {
        var entries = new List<MountEntry>();
        foreach (var line in Encoding.UTF8.GetString(mountInfo).Split('\n'))
        {
            // 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
            var fields = line.Split(' ');
            var separator = Array.IndexOf(fields, "-", Math.Min(6, fields.Length));
            if (separator < 0 || fields.Length < separator + 3)
            {
                continue;
            }

            var options = fields.Length > separator + 3 ? fields[5] + "," + fields[separator + 3] : fields[5];
            entries.Add(new MountEntry(
                fields[2],
                Unescape(fields[3]),
                Unescape(fields[4]),
                fields[separator + 1],
                Unescape(fields[separator + 2]),
                options.Split(',').Contains("ro", StringComparer.Ordinal)));
        }

        return entries;
    }

    /// <summary>Leaves out pseudo file systems, and of several mounts of one file system all but one.</summary>
    /// <param name="entries">The whole table.</param>
    /// <param name="isFolder">Tells folders from files, which containers have mounted over; asked only about local file systems.</param>
    /// <returns>One entry for each file system, in order of the path.</returns>
    public static IReadOnlyList<MountEntry> SelectReal(IEnumerable<MountEntry> entries, Func<string, bool>? isFolder = null) => entries
        .GroupBy(entry => entry.Path, StringComparer.Ordinal)
        .Select(stacked => stacked.Last())
        .Where(entry => IsReal(entry) && (entry.IsRemote || isFolder is null || isFolder(entry.Path)))
        .GroupBy(entry => entry.DeviceNumber, StringComparer.Ordinal)
        .Select(same => same.OrderBy(entry => entry.Root == "/" ? 0 : 1).ThenBy(entry => entry.Path.Length).ThenBy(entry => entry.Path, StringComparer.Ordinal).First())
        .OrderBy(entry => entry.Path, StringComparer.Ordinal)
        .ToList();

    private static bool IsReal(MountEntry entry)
    {
        if (Pseudo.Contains(entry.FileSystem) || IsUnder(entry.Path, "/proc") || IsUnder(entry.Path, "/sys"))
        {
            return false;
        }

        return entry.FileSystem switch
        {
            // A container's own root; the others are views of file systems that are listed anyway.
            "overlay" or "aufs" or "fuse.fuse-overlayfs" => entry.Path == "/",
            "tmpfs" => entry.Path is "/dev/shm" || !(IsUnder(entry.Path, "/dev") || IsUnder(entry.Path, "/run/user")
                || IsUnder(entry.Path, "/run/credentials") || entry.Path is "/run/lock" || entry.Path.Contains("/docker/", StringComparison.Ordinal)),
            _ => true,
        };
    }

    private static bool IsUnder(string path, string folder) =>
        path.StartsWith(folder, StringComparison.Ordinal) && (path.Length == folder.Length || path[folder.Length] == '/');

    // The kernel writes space, tab, line feed and backslash as three octal digits.
    private static string Unescape(string text)
    {
        if (!text.Contains('\\', StringComparison.Ordinal))
        {
            return text;
        }

        var result = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\' && i + 3 < text.Length && IsOctal(text[i + 1]) && IsOctal(text[i + 2]) && IsOctal(text[i + 3]))
            {
                result.Append((char)(((text[i + 1] - '0') * 64) + ((text[i + 2] - '0') * 8) + (text[i + 3] - '0')));
                i += 3;
            }
            else
            {
                result.Append(text[i]);
            }
        }

        return result.ToString();
    }

    private static bool IsOctal(char digit) => char.IsBetween(digit, '0', '7');

    /// <summary>One line of <c>stat -f -c '%S %b %f %a %c %d'</c>.</summary>
    /// <param name="entry">The mount.</param>
    /// <param name="line">The numbers; null when there are none.</param>
    /// <returns>The mount with its sizes, or with the reason why there are none.</returns>
    public static HostMount WithUsage(MountEntry entry, string? line)
    {
        var numbers = line?.Split(' ')
            .Select(field => long.TryParse(field, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : -1)
            .ToArray() ?? [];
        return numbers.Length == 6 && Array.TrueForAll(numbers, number => number >= 0)
            ? new HostMount(
                entry.Path,
                entry.Device,
                entry.FileSystem,
                numbers[0] * numbers[1],
                numbers[0] * numbers[2],
                numbers[0] * numbers[3],
                numbers[4],
                numbers[5],
                entry.ReadOnly)
            : Unread(entry, line ?? "it does not answer");
    }

    /// <summary>A mount whose sizes could not be read.</summary>
    /// <param name="entry">The mount.</param>
    /// <param name="problem">Why.</param>
    /// <returns>The mount without sizes.</returns>
    public static HostMount Unread(MountEntry entry, string problem) =>
        new(entry.Path, entry.Device, entry.FileSystem, 0, 0, 0, 0, 0, entry.ReadOnly) { Problem = problem };
}
