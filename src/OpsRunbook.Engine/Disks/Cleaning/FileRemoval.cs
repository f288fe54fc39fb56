using System.Globalization;
using System.Text;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Disks.Cleaning;

/// <summary>Removes exactly the file that was looked at, on every kind of host.</summary>
internal static class FileRemoval
{
    private const int Gone = 66;
    private const int Changed = 73;

    // The folder is entered and must then really be where it was: a link on the way would show in its physical path, and once
    // entered it stays the same folder whatever its path becomes. The file must have its identity, length and time,
    // and find, which follows no link, compares the inode once more right before it removes the name. BusyBox's may lack -delete.
    private const string Script = """
        LC_ALL=C
        export LC_ALL
        d=$(printf '%b.' "$1")
        d=${d%.}
        n=$(printf '%b.' "$2")
        n=${n%.}
        cd -P -- "$d" 2>/dev/null || { [ -d "$d" ] && exit 1; exit 66; }
        [ "$(pwd -P; echo .)" = "$d
        ." ] || exit 73
        s=$(stat -c '%d %i %s %Y' "./$n" 2>/dev/null) || exit 66
        [ "$s" = "$3" ] || exit 73
        if find --version 2>/dev/null | grep -q GNU; then
          r=$(find "./$n" -maxdepth 0 -type f -inum "$4" -delete -print)
        else
          r=$(find "./$n" -maxdepth 0 -type f -inum "$4" -exec rm -f {} ';' -print)
        fi
        [ -n "$r" ] && exit 0
        s=$(stat -c '%d %i %s %Y' "./$n" 2>/dev/null) || exit 66
        [ "$s" = "$3" ] && exit 1
        exit 73
        """;

    /// <summary>Removes a file.</summary>
    /// <param name="host">Its host.</param>
    /// <param name="status">What was known of it when it was looked at.</param>
    /// <param name="path">Its path, without any link in it.</param>
    /// <param name="cancellationToken">Ends the removal.</param>
    /// <returns>How it ended.</returns>
    /// <exception cref="OpsException"><c>Disk.ReadOnly</c>, <c>Host.FileForbidden</c>, <c>Host.FileFailed</c>.</exception>
    public static async Task<CleanupResult> RemoveAsync(IHost host, FileStatus status, byte[] path, CancellationToken cancellationToken)
    {
        var slash = path.AsSpan().LastIndexOf((byte)'/');
        var folder = slash == 0 ? "/"u8 : path.AsSpan(0, slash);
        var identity = string.Create(CultureInfo.InvariantCulture, $"{status.Device} {status.Inode} {status.Length} {status.ModifiedSeconds}");
        var command = new HostCommand(
            "sh", "-c", Script, "sh", Escape(folder), Escape(path.AsSpan(slash + 1)), identity, status.Inode.ToString(CultureInfo.InvariantCulture));
        var result = await host.RunAsync(command, cancellationToken);
        return result.ExitCode switch
        {
            0 => CleanupResult.Done,
            Gone => CleanupResult.Gone,
            Changed => new CleanupResult(DiskCleanupOutcome.Changed, "another file is there now, or it was written to"),
            _ when DiskErrors.IsReadOnly(result.StandardError) => throw DiskErrors.ReadOnly(host.Name, RawPaths.ToText(path)),
            _ when HostScripts.IsForbidden(result.StandardError) => throw HostErrors.FileForbidden(host.Name, RawPaths.ToText(path)),
            _ => throw HostErrors.FileFailed(host.Name, RawPaths.ToText(path), result.Summary),
        };
    }

    /// <summary>A path as text that names exactly its bytes: what is not plain is an octal number, as <c>printf '%b'</c> reads it.</summary>
    /// <param name="path">The path.</param>
    /// <returns>ASCII.</returns>
    public static string Escape(ReadOnlySpan<byte> path)
    {
        var text = new StringBuilder(path.Length);
        foreach (var value in path)
        {
            if (char.IsAsciiLetterOrDigit((char)value) || value is (byte)'/' or (byte)'.' or (byte)'-' or (byte)'_')
            {
                text.Append((char)value);
            }
            else
            {
                text.Append('\\').Append('0').Append(Convert.ToString(value, 8).PadLeft(3, '0'));
            }
        }

        return text.ToString();
    }
}
