using System.Globalization;
using System.Text;
using OpsRunbook.Engine.Disks.Rotation;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Logs.Files;

namespace OpsRunbook.Engine.Disks.Cleaning;

/// <summary>
/// Logs that are written to. Their space cannot be had by removing them: the writer would keep the file. They are rotated and compressed by
/// logrotate as the stack says, once and beside its schedule, and no older part is let go with that.
/// </summary>
internal sealed class OpenLogs : ICleanupCategory
{
    private const int Changed = 73;
    private const int NotInstalled = 127;

    // Text shrinks to a tenth or less; what it really gave is measured.
    private const long Shrinks = 10;

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(30);

    // Where the disk is full, the rule has to be somewhere else.
    private const string Script = """
        set -eu
        PATH=$PATH:/usr/sbin:/sbin
        LC_ALL=C
        export PATH LC_ALL
        command -v logrotate >/dev/null || exit 127
        [ "$(stat -c '%d %i' -- "$1" 2>/dev/null)" = "$2" ] || exit 73
        for d in /run /dev/shm "${TMPDIR:-/tmp}"; do
          t=$(mktemp -d "$d/opsrunbook.XXXXXXXX" 2>/dev/null) && break
        done
        trap 'rm -rf -- "$t"' EXIT
        trap 'exit 143' HUP INT TERM
        cat > "$t/rule"
        chmod 600 "$t/rule"
        logrotate -f -s "$t/state" "$t/rule"
        """;

    // What was copied is another file than the log; what was renamed is the log as it was.
    private const string CompressScript = """[ -z "$2" ] || [ "$(stat -c '%d %i' -- "$1.1" 2>/dev/null)" = "$2" ] || exit 73; exec gzip -- "$1.1" """;

    // A service that was told to reopen its log goes on writing to the old one until it has.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <inheritdoc/>
    public DiskCleanupCategory Category => DiskCleanupCategory.OpenLog;

    /// <inheritdoc/>
    public async Task FindAsync(CleanupSearch search, CancellationToken cancellationToken)
    {
        foreach (var (name, log) in search.Session.Stack.Logs.Where(log => (log.Value.Host ?? LocalHost.LocalName) == search.Host.Name && log.Value is { Protect: false, Rotation.By: "logrotate" }))
        {
            foreach (var folder in await LogFolder.ResolveAsync(search.Host, log.Files, log.Keep, cancellationToken))
            {
                var files = new List<(FileStatus Status, byte[] Path, string Name)>();
                await FileRecords.ReadTreeAsync(search.Host, folder.Path, allFileSystems: false, regularFilesOnly: true, Take, cancellationToken, "-maxdepth", "1");
                var names = files.Select(file => file.Name).ToHashSet(StringComparer.Ordinal);
                foreach (var (status, path, file) in files.Where(file => RotatedLogs.LogOf(file.Name) is null && folder.Includes(file.Name, names)))
                {
                    var rotation = log.Rotation!;
                    var how = rotation.After is { Count: > 0 } ? "and its writer is told" : "by copying, because the stack knows no way to tell its writer";
                    search.AddWork(
                        Category, DiskCleanupRisk.Medium, "Rotate", status, path, status.SizeBytes - (status.SizeBytes / Shrinks), $"it is written to: rotated and compressed, {how}",
                        token => RotateAsync(search, name, rotation, status, path, token));
                }

                void Take(in FileStatus status, ReadOnlySpan<byte> path) => files.Add((status, path.ToArray(), RawPaths.ToText(path[(path.LastIndexOf((byte)'/') + 1)..])));
            }
        }
    }

    private static async Task<CleanupResult> RotateAsync(CleanupSearch search, string name, StackLogRotation rotation, FileStatus status, byte[] path, CancellationToken cancellationToken)
    {
        var file = RawPaths.ToText(path);
        var rule = new LogRotationRule(name, search.Session.Stack.Name, [file], LogRotationRule.Once(rotation))
        {
            User = await LogRotationRule.UserAsync(search.Host, Path.GetDirectoryName(file)!, cancellationToken),
        };
        var identity = string.Create(CultureInfo.InvariantCulture, $"{status.Device} {status.Inode}");
        var command = new HostCommand("sh", "-c", Script, "sh", file, identity) { StandardInput = Encoding.UTF8.GetBytes(rule.Text), Timeout = Limit };
        var result = await search.Host.RunAsync(command, cancellationToken);
        if (result.Succeeded)
        {
            var isRenamed = rotation.After is { Count: > 0 };
            if (isRenamed && !await search.IsReleasedAsync(status, Patience, cancellationToken))
            {
                return new CleanupResult(DiskCleanupOutcome.Done, "rotated, but its writer still has the old file open, so it was not compressed");
            }

            result = await search.Host.RunAsync(new HostCommand("sh", "-c", CompressScript, "sh", file, isRenamed ? identity : string.Empty) { Timeout = Limit }, cancellationToken);
        }

        return result.ExitCode switch
        {
            0 => CleanupResult.Done,
            Changed => new CleanupResult(DiskCleanupOutcome.Changed, "another file is there now"),
            NotInstalled => throw new OpsException(
                "LogRotation.NotInstalled", OpsErrorKind.NotInstalled, $"There is no logrotate on {search.Host.Name}.", "Install it: apt-get install logrotate.", search.Host.Name),
            _ when DiskErrors.IsReadOnly(result.StandardError) => throw DiskErrors.ReadOnly(search.Host.Name, file),
            _ => throw new OpsException(
                "Disk.RotationFailed", OpsErrorKind.OperationFailed, $"{file} on {search.Host.Name} could not be rotated: {result.Summary}", "Look at the log and at what is beside it; nothing of it was removed.", file),
        };
    }
}
