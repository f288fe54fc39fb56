using System.Globalization;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Disks.Cleaning;

/// <summary>Which files of a host are in use: opened, mapped, swapped to, or the content of a loop device.</summary>
internal sealed class OpenFiles
{
    // What was not open a moment ago may be now; within this time nobody is asked again.
    private const long FreshMilliseconds = 2000;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    // Maps name the device in a way that not every file system agrees with, so their inodes count on every device.
    private const string Script = """
        LC_ALL=C
        export LC_ALL
        { find /proc/[0-9]*/fd -type l -exec stat -L -c 'o %d %i' {} + 2>&1 >&3 3>&- | grep -c 'Permission denied' | sed 's/^/hidden /' >&3; } 3>&1 | sort -u
        awk '$5 > 0 { print "m 0 " $5 }' /proc/[0-9]*/maps 2>/dev/null | sort -u
        { cat /sys/block/loop*/loop/backing_file; awk 'NR > 1 { print $1 }' /proc/swaps; } 2>/dev/null |
          while read -r f; do stat -L -c 'o %d %i' "$f" 2>/dev/null; done
        [ "$(id -u)" = 0 ] || echo 'hidden 1'
        echo end
        """;

    private readonly IHost _host;
    private HashSet<FileIdentity> _open = [];
    private HashSet<ulong> _mapped = [];
    private long? _readAt;

    public OpenFiles(IHost host) => _host = host;

    /// <summary>Processes of others could not be looked into: what they use is not known.</summary>
    public bool IsPartial { get; private set; }

    /// <summary>Tells whether somebody uses a file.</summary>
    /// <param name="status">The file.</param>
    /// <param name="cancellationToken">Ends the question.</param>
    /// <param name="fresh">What was known a moment ago is not enough.</param>
    /// <returns>True when somebody does.</returns>
    public async Task<bool> ContainsAsync(FileStatus status, CancellationToken cancellationToken, bool fresh = false)
    {
        if (fresh || _readAt is not { } readAt || Environment.TickCount64 - readAt > FreshMilliseconds)
        {
            await ReadAsync(cancellationToken);
        }

        return _open.Contains(status.Identity) || _mapped.Contains(status.Inode);
    }

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        var result = await _host.RunAsync(new HostCommand("sh", "-c", Script) { Timeout = Limit, MaximumOutputBytes = 64 * 1024 * 1024 }, cancellationToken);
        var lines = result.StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        if (result.Truncated || lines.Length == 0 || lines[^1] != "end")
        {
            throw HostErrors.FileFailed(_host.Name, "/proc", $"the list of open files is not whole. {result.Summary}");
        }

        var partial = false;
        var (open, mapped) = (new HashSet<FileIdentity>(), new HashSet<ulong>());
        foreach (var line in lines)
        {
            var fields = line.Split(' ');
            if (fields is ["hidden", var count])
            {
                partial |= count != "0";
            }
            else if (fields.Length == 3 && TryNumber(fields[1], out var device) && TryNumber(fields[2], out var inode))
            {
                _ = fields[0] == "m" ? mapped.Add(inode) : open.Add(new FileIdentity(device, inode));
            }
        }

        IsPartial = partial;
        (_open, _mapped, _readAt) = (open, mapped, Environment.TickCount64);
    }

    private static bool TryNumber(string text, out ulong number) => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
