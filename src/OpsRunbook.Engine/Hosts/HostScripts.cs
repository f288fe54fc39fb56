using System.Security.Cryptography;

namespace OpsRunbook.Engine.Hosts;

/// <summary>
/// What is done by a POSIX shell on the host. The scripts are constants: names and paths reach them as
/// arguments, never as text.
/// </summary>
internal static class HostScripts
{
    /// <summary>Exit code of <see cref="WriteFile"/> when the content did not arrive completely.</summary>
    public const int Incomplete = 74;

    /// <summary>Exit code of <see cref="ReplaceFile"/> when the file was no longer what it should replace.</summary>
    public const int Changed = 73;

    // A copy carries the owner and mode of the existing file over to the temporary one before it gets its new content.
    // The folder is locked while what is known of the file is compared, so that of two writers one sees the other's work.
    private const string WriteFileText = """
        set -eu
        f=$1
        if [ -L "$f" ]; then f=$(readlink -f -- "$f"); fi
        t=$(mktemp "$(dirname -- "$f")/.opsrunbook.XXXXXXXX")
        trap 'rm -f -- "$t"' EXIT
        trap 'exit 143' HUP INT TERM
        if [ -e "$f" ]; then cp -p -- "$f" "$t"; else chmod "$(printf '%o' "$((0666 & ~0$(umask)))")" "$t"; fi
        cat > "$t"
        [ "$(wc -c < "$t")" -eq "$2" ] || exit 74
        sync -- "$t" 2>/dev/null || sync
        if [ -n "${3:-}" ]; then
          exec 9<"$(dirname -- "$f")"
          flock 9 2>/dev/null || :
          [ "$(sha256sum < "$f" | cut -c 1-64)" = "$3" ] || exit 73
        fi
        mv -f -- "$t" "$f"
        trap - EXIT
        sync -- "$(dirname -- "$f")" 2>/dev/null || :
        """;

    // An empty IFS keeps names with spaces whole; only the pattern itself is expanded.
    private const string FindFilesText = """
        IFS=
        set -- $1
        for f do if [ -e "$f" ] || [ -L "$f" ]; then printf '%s\0' "$f"; fi; done
        """;

    // Everything that a command starts inherits its environment, whatever session or group it moves to.
    private const string KillMarkedText = """for f in $(grep -la -- "$1" /proc/[0-9]*/environ 2>/dev/null); do p=${f#/proc/}; kill -s "$2" "${p%/environ}"; done""";

    /// <summary>Ends every process that has the mark in its environment.</summary>
    /// <param name="mark">The mark.</param>
    /// <param name="signal">Signal without SIG; <c>TERM</c> lets it clean up.</param>
    /// <returns>The command.</returns>
    public static HostCommand KillMarked(string mark, string signal = "KILL") => new("sh", "-c", KillMarkedText, "sh", mark, signal);

    /// <summary>Replaces a file with what arrives on standard input.</summary>
    /// <param name="path">Absolute path.</param>
    /// <param name="content">The content.</param>
    /// <returns>The command.</returns>
    public static HostCommand WriteFile(string path, ReadOnlyMemory<byte> content) =>
        new("sh", "-c", WriteFileText, "sh", path, content.Length.ToString()) { StandardInput = content };

    /// <summary>Replaces a file with what arrives on standard input, if it still has the content that is known of it.</summary>
    /// <param name="path">Absolute path.</param>
    /// <param name="known">The content that is to be replaced.</param>
    /// <param name="content">The new content.</param>
    /// <returns>The command; it ends with <see cref="Changed"/> when somebody else has changed the file meanwhile, and does nothing.</returns>
    public static HostCommand ReplaceFile(string path, ReadOnlySpan<byte> known, ReadOnlyMemory<byte> content)
    {
        var write = WriteFile(path, content);
        return write with { Arguments = [.. write.Arguments, Convert.ToHexString(SHA256.HashData(known)).ToLowerInvariant()] };
    }

    /// <summary>Expands a pattern; the paths are separated by NUL.</summary>
    /// <param name="pattern">Absolute pattern with <c>*</c> and <c>?</c>.</param>
    /// <returns>The command.</returns>
    public static HostCommand FindFiles(string pattern) =>
        new("sh", "-c", FindFilesText, "sh", pattern.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("[", "\\[", StringComparison.Ordinal));

    /// <summary>Throws when a <see cref="WriteFile"/> did not succeed.</summary>
    /// <param name="host">Name of the host.</param>
    /// <param name="path">Absolute path.</param>
    /// <param name="result">How the script ended.</param>
    public static void RequireWritten(string host, string path, CommandResult result)
    {
        if (result.ExitCode == Incomplete)
        {
            throw HostErrors.FileFailed(host, path, "the content did not arrive completely; the file is unchanged.");
        }

        if (!result.Succeeded)
        {
            throw IsForbidden(result.StandardError)
                ? HostErrors.FileForbidden(host, path)
                : HostErrors.FileFailed(host, path, result.Summary);
        }
    }

    /// <summary>The command was denied access to a file.</summary>
    /// <param name="error">Its error output in the C locale.</param>
    /// <returns>True when it was.</returns>
    public static bool IsForbidden(string error) =>
        error.Contains("Permission denied", StringComparison.Ordinal) || error.Contains("Operation not permitted", StringComparison.Ordinal);
}
