using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Disks;

/// <summary>
/// What a host's own <c>find</c> and <c>stat</c> print of files. BusyBox's cannot separate names by NUL, so each
/// record begins with a mark that no name can know.
/// </summary>
internal static class FileRecords
{
    private const int NoSuchPath = 66;
    private const int NoFolder = 67;
    private const int FieldCount = 8;

    // The count of complaints, but those about files that vanished meanwhile, goes to standard error; the rest of the output is the list.
    private const string TreeText = """
        m=$1 d=$2
        shift 2
        [ -e "$d" ] || [ -L "$d" ] || exit 66
        [ -d "$d" ] || exit 67
        LC_ALL=C
        export LC_ALL
        walk() {
          if find /proc/self -maxdepth 0 -printf '' 2>/dev/null; then
            find -H "$d" "$@" -printf "$m %y %D %i %n %b %s %U %T@ %p\n"
          else
            find -H "$d" "$@" -exec stat -c "$m %f %d %i %h %b %s %u %Y %n" {} +
          fi
        }
        { walk "$@" 2>&1 >&3 3>&- | grep -vc 'No such file or directory' >&2; } 3>&1
        printf '%s end\n' "$m"
        """;

    private const string DeletedText = """
        m=$1
        LC_ALL=C
        export LC_ALL
        if find /proc/self -maxdepth 0 -printf '' 2>/dev/null; then
          find /proc/[0-9]*/fd -lname '/* (deleted)' -print
        else
          for l in /proc/[0-9]*/fd/*; do
            case $(readlink "$l") in /*' (deleted)') printf '%s\n' "$l" ;; esac
          done
        fi 2>/dev/null | while read -r l; do
          if s=$(stat -L -c '%f %d %i %h %b %s %u %Y' "$l" 2>/dev/null); then
            printf '%s %s %s ' "$m" "$s" "$l"
            readlink "$l" || echo
          fi
        done
        printf '%s end\n' "$m"
        """;

    /// <summary>Takes a record.</summary>
    /// <param name="status">What is known of the file.</param>
    /// <param name="path">Its path.</param>
    public delegate void Taker(in FileStatus status, ReadOnlySpan<byte> path);

    /// <summary>Everything in a tree, each folder before what is in it.</summary>
    /// <param name="host">The host.</param>
    /// <param name="path">Where to start.</param>
    /// <param name="allFileSystems">Go into other file systems too.</param>
    /// <param name="regularFilesOnly">No folders, links and devices.</param>
    /// <param name="take">Takes the records.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <param name="conditions">Further conditions of <c>find</c>.</param>
    /// <returns>Files and folders that could not be looked at.</returns>
    public static async Task<long> ReadTreeAsync(
        IHost host, string path, bool allFileSystems, bool regularFilesOnly, Taker take, CancellationToken cancellationToken, params string[] conditions)
    {
        var mark = NewMark();
        conditions = [.. conditions, .. allFileSystems ? [] : new[] { "-xdev" }, .. regularFilesOnly ? new[] { "-type", "f" } : []];
        var (result, isWhole) = await ReadAsync(host, new HostCommand(["sh", "-c", TreeText, "sh", mark, path, .. conditions]), mark, take, cancellationToken);
        return result.ExitCode switch
        {
            NoSuchPath => throw DiskErrors.Start(host.Name, path, NativeFiles.NoSuchFile),
            NoFolder => throw DiskErrors.Start(host.Name, path, NativeFiles.NotAFolder),
            _ when isWhole && long.TryParse(result.StandardError.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var count) => count,
            _ => throw HostErrors.FileFailed(host.Name, path, $"the list is not whole. {result.Summary}"),
        };
    }

    /// <summary>Deleted files that processes hold; the path is that of the descriptor, a space, and the link's content.</summary>
    /// <param name="host">The host.</param>
    /// <param name="take">Takes the records.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>A task.</returns>
    public static async Task ReadDeletedAsync(IHost host, Taker take, CancellationToken cancellationToken)
    {
        var mark = NewMark();
        var (result, isWhole) = await ReadAsync(host, new HostCommand("sh", "-c", DeletedText, "sh", mark), mark, take, cancellationToken);
        if (!isWhole)
        {
            throw HostErrors.FileFailed(host.Name, "/proc", $"the list of deleted files is not whole. {result.Summary}");
        }
    }

    private static string NewMark() => Convert.ToHexString(RandomNumberGenerator.GetBytes(12));

    private static async Task<(CommandResult Result, bool IsWhole)> ReadAsync(
        IHost host, HostCommand command, string mark, Taker take, CancellationToken cancellationToken)
    {
        await using var stream = await host.StartAsync(command, cancellationToken);
        var separator = Encoding.ASCII.GetBytes(mark + " ");
        var buffer = new byte[256 * 1024];
        var filled = 0;
        var isWhole = false;
        while (true)
        {
            if (filled == buffer.Length)
            {
                Array.Resize(ref buffer, buffer.Length * 2);
            }

            var count = await stream.Output.ReadAsync(buffer.AsMemory(filled), cancellationToken);
            filled += count;
            var used = Take(buffer.AsSpan(0, filled), separator, count == 0, take, ref isWhole);
            buffer.AsSpan(used, filled - used).CopyTo(buffer);
            filled -= used;
            if (count == 0)
            {
                return (await stream.EndAsync(cancellationToken), isWhole);
            }
        }
    }

    private static int Take(ReadOnlySpan<byte> content, ReadOnlySpan<byte> separator, bool isLast, Taker take, ref bool isWhole)
    {
        var used = 0;
        while (content[used..].StartsWith(separator))
        {
            var record = content[(used + separator.Length)..];
            var next = record.IndexOf(separator);
            if (next < 0 && !isLast)
            {
                break;
            }

            record = next < 0 ? record : record[..next];
            used += separator.Length + record.Length;
            record = record.EndsWith("\n"u8) ? record[..^1] : record;
            if (record.SequenceEqual("end"u8))
            {
                isWhole = true;
            }
            else if (TryParse(record, out var status, out var path))
            {
                take(status, path);
            }
        }

        return used;
    }

    private static bool TryParse(ReadOnlySpan<byte> record, out FileStatus status, out ReadOnlySpan<byte> path)
    {
        status = default;
        path = default;
        Span<ulong> numbers = stackalloc ulong[FieldCount];
        for (var i = 0; i < FieldCount; i++)
        {
            var space = record.IndexOf((byte)' ');
            if (space < 1)
            {
                return false;
            }

            var field = record[..space];
            record = record[(space + 1)..];

            // find prints the kind as a letter, stat the whole mode as a hexadecimal number; find prints parts of seconds too.
            if (i == 0 && field.Length == 1)
            {
                numbers[i] = field[0] switch { (byte)'f' => 0x8000, (byte)'d' => 0x4000, (byte)'l' => 0xA000, _ => 0 };
            }
            else if (!Utf8Parser.TryParse(field.TrimStart((byte)'-'), out numbers[i], out _, i == 0 ? 'x' : default))
            {
                return false;
            }
        }

        path = record;
        status = new FileStatus(
            (uint)numbers[0], numbers[1], numbers[2], (long)numbers[3], (long)numbers[4] * 512, (long)numbers[5], (uint)numbers[6], (long)numbers[7], false);
        return true;
    }
}
