using System.Globalization;
using System.Text.RegularExpressions;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Backups;

/// <summary>Loads an RDB file into a Redis server that is started for it, on the host of the set, without any port, and ended afterwards.</summary>
internal static partial class RedisLoad
{
    private const int NotFound = 127;
    private const int NotLoaded = 70;

    // The file gets there through standard input; nothing is left of it, unless the host itself fails.
    private const string Script = """
        set -u
        command -v redis-server >/dev/null 2>&1 && command -v redis-cli >/dev/null 2>&1 || exit 127
        umask 077
        d=$(mktemp -d) || exit 73
        p=
        trap '[ -z "$p" ] || kill -KILL "$p" 2>/dev/null; rm -rf -- "$d"' EXIT
        trap 'exit 143' HUP INT TERM
        cat > "$d/dump.rdb" || exit 74
        redis-server --port 0 --unixsocket "$d/s" --dir "$d" --dbfilename dump.rdb --save '' --appendonly no --daemonize no --logfile "$d/log" >/dev/null 2>&1 </dev/null &
        p=$!
        while kill -0 "$p" 2>/dev/null; do
          if [ "$(redis-cli -s "$d/s" ping 2>/dev/null)" = PONG ]; then
            exec 3>&1
            redis-cli -s "$d/s" info keyspace >&3
            exit 0
          fi
          sleep 0.1
        done
        p=
        tail -n 3 "$d/log" >&2
        exit 70
        """;

    /// <summary>Loads a set.</summary>
    /// <param name="set">The set.</param>
    /// <param name="check">Reads it.</param>
    /// <param name="cancellationToken">Ends the work, and the server.</param>
    /// <returns>What was done, in one sentence.</returns>
    /// <exception cref="OpsException"><c>Backup.Damaged</c>, <c>Backup.LoadFailed</c>, <c>Backup.ToolMissing</c>.</exception>
    public static async Task<string> RunAsync(BackupSet set, SetCheck check, CancellationToken cancellationToken)
    {
        var how = await check.CheckStreamAsync(cancellationToken);
        var (content, _) = await check.OpenDataAsync(cancellationToken);
        await using (content)
        {
            var result = await set.Host.RunAsync(new HostCommand("sh", "-c", Script) { FurtherInput = ReadAsync(content, cancellationToken), Timeout = TimeSpan.FromHours(6) }, cancellationToken);
            return result.ExitCode switch
            {
                0 => FormattableString.Invariant($"a Redis server that was started for it loaded {Keys().Matches(result.StandardOutput).Sum(match => long.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture))} keys, and {how}"),
                NotFound => throw LoadProgram.ToolMissing(set.Host, "redis-server"),
                NotLoaded => throw new OpsException(
                    "Backup.LoadFailed", OpsErrorKind.OperationFailed, $"No Redis server could load {set.Name}: {result.Summary}", "Check that redis-server there is not older than the server that was backed up.", set.Name),
                _ => throw HostErrors.FileFailed(set.Host.Name, set.Path, result.Summary),
            };
        }
    }

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(Stream content, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var buffer = new byte[128 * 1024];
        int count;
        while ((count = await content.ReadAsync(buffer, cancellationToken)) > 0)
        {
            yield return buffer.AsMemory(0, count);
        }
    }

    [GeneratedRegex(@"^db\d+:keys=(\d+)", RegexOptions.Multiline | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Keys();
}
