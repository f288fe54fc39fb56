using System.Globalization;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Backups;

/// <summary>What is asked of a backup folder's host. The scripts are constants; names reach them as arguments or as input.</summary>
internal static class FolderScripts
{
    /// <summary>Exit code when there is no such folder.</summary>
    public const int NoFolder = 66;

    /// <summary>Exit code when it may not be read.</summary>
    public const int Forbidden = 77;

    // A folder below that may not be read has no content here. The lock is asked for as a reader, so that it hinders nobody for long.
    private const string ListText = """
        [ -e "$1" ] || exit 66
        cd -- "$1" 2>/dev/null && [ -r . ] || exit 77
        printf '%s\0' "$(pwd -P)"
        if find . -maxdepth 0 -printf '' 2>/dev/null; then
          find . -mindepth 1 -maxdepth 3 -printf '%y %s %T@ %P\0'
        else
          find . -mindepth 1 -maxdepth 3 -exec sh -c '
            for f do
              if [ -L "$f" ]; then y=l; elif [ -f "$f" ]; then y=f; elif [ -d "$f" ]; then y=d; else y=o; fi
              printf "%s %s %s\0" "$y" "$(stat -c "%s %Y" -- "$f")" "${f#./}"
            done' sh {} +
        fi 2>/dev/null
        for f in .opsrunbook-*.lock; do
          [ -f "$f" ] && command -v flock >/dev/null 2>&1 || continue
          flock -s -n "$f" true 2>/dev/null || printf 'L 0 0 %s\0' "$f"
        done
        exit 0
        """;

    // One file after another, each as one line: what is at its beginning, and for zstd what is inside that.
    private const string HeadText = """
        n=$1; shift
        for f do
          head -c "$n" -- "$f" 2>/dev/null | base64 | tr -d '\n'
          printf ' '
          case "$(head -c 4 -- "$f" 2>/dev/null | od -An -tx1 | tr -d ' \n')" in
            28b52ffd) zstd -dcqf -- "$f" 2>/dev/null | head -c "$n" | base64 | tr -d '\n' ;;
          esac
          printf '\n'
        done
        """;

    private const int MaximumList = 256 * 1024 * 1024;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Lists a folder three levels deep without following links below it.</summary>
    /// <param name="directory">The folder.</param>
    /// <returns>The command: the real path, then each entry, ended by NUL.</returns>
    public static HostCommand List(string directory) => new("sh", "-c", ListText, "sh", directory) { Timeout = Patience, MaximumOutputBytes = MaximumList };

    /// <summary>Reads the first bytes of files.</summary>
    /// <param name="paths">Absolute paths.</param>
    /// <returns>The command: a line for each file, with its first bytes and those inside in Base64.</returns>
    public static HostCommand Heads(IEnumerable<string> paths) =>
        new(["sh", "-c", HeadText, "sh", BackupContent.HeadBytes.ToString(CultureInfo.InvariantCulture), .. paths]) { Timeout = Patience, MaximumOutputBytes = MaximumList };

    /// <summary>The entries of a listing.</summary>
    /// <param name="output">What <see cref="List"/> printed.</param>
    /// <param name="locked">Names of the lock files that are held.</param>
    /// <returns>The real path of the folder, and the entries.</returns>
    public static (string Path, IReadOnlyList<FolderEntry> Entries) Parse(string output, ISet<string> locked)
    {
        var records = output.Split('\0', StringSplitOptions.RemoveEmptyEntries);
        var entries = new List<FolderEntry>(records.Length);
        foreach (var parts in records.Skip(1).Select(record => record.Split(' ', 4)).Where(parts => parts.Length == 4))
        {
            if (parts[0] == "L")
            {
                locked.Add(parts[3]);
            }
            else if (long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var size)
                && decimal.TryParse(parts[2], NumberStyles.Number, CultureInfo.InvariantCulture, out var seconds))
            {
                entries.Add(new FolderEntry(parts[3], parts[0][0], size, DateTime.UnixEpoch.AddTicks((long)(seconds * TimeSpan.TicksPerSecond))));
            }
        }

        return (records[0], entries);
    }

    /// <summary>What the first bytes of a file tell.</summary>
    /// <param name="line">A line that <see cref="Heads"/> printed.</param>
    /// <returns>What it is; null when it is no dump.</returns>
    public static BackupContent? Recognize(string line)
    {
        var parts = line.Split(' ');
        return parts.Length == 2 ? BackupContent.Recognize(Bytes(parts[0]), Bytes(parts[1])) : null;
    }

    private static byte[] Bytes(string text)
    {
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64Chars(text, bytes, out var count) ? bytes[..count] : [];
    }
}
