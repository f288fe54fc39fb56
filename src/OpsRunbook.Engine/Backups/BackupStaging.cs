using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Backups;

/// <summary>
/// The folder in which a set is written, under its temporary name. It gets its own name last, by one rename, when
/// everything in it is on the disk.
/// </summary>
internal sealed class BackupStaging
{
    private const int Exists = 76;
    private const int EndBytes = 4096;
    private static readonly TimeSpan Patience = TimeSpan.FromHours(12);

    private const string CreateText = """
        umask 077
        [ ! -e "$1" ] && [ ! -e "$2" ] || exit 76
        mkdir -- "$1"
        """;

    // The shell stays until the end, which the end of its output tells. What a compressor says of a full disk is said on standard error, and a writer that could not write ends with an error.
    private const string SinkText = """
        umask 077
        set -C
        case "$2" in
          gzip) gzip -c >"$1" ;;
          zstd) zstd -q -c -T0 >"$1" ;;
          *) cat >"$1" ;;
        esac
        s=$?
        exit $s
        """;

    // Checksums of what lies there, not of what was meant to be written; sizes and names on the same line.
    private const string SealText = """
        set -eu
        umask 077
        cd -- "$1"
        find . -type f -exec sh -c 'for f do sync -- "$f" 2>/dev/null || sync; done' sh {} +
        find . -type f -exec sh -c 'for f do s=$(sha256sum <"$f") || exit 1; n=$(wc -c <"$f") || exit 1; printf "%s %s %s\0" "${s%% *}" "$n" "${f#./}"; done' sh {} +
        """;

    private const string CommitText = """
        set -eu
        find "$1" -type d -exec sh -c 'for d do sync -- "$d" 2>/dev/null || sync; done' sh {} +
        [ ! -e "$2" ] || exit 76
        mv -- "$1" "$2"
        sync -- "${2%/*}" 2>/dev/null || sync
        """;

    private readonly string _backup;

    private BackupStaging(BackupFolder folder, string backup, string name)
    {
        Folder = folder;
        _backup = backup;
        Name = name;
    }

    /// <summary>The folder of the sets.</summary>
    public BackupFolder Folder { get; }

    /// <summary>Name of the set when it is complete.</summary>
    public string Name { get; }

    /// <summary>Where it is written, on the host of the sets.</summary>
    public string Path => Folder.PathOf(BackupName.Temporary(Name));

    private IHost Host => Folder.Host;

    /// <summary>Makes the folder.</summary>
    /// <param name="folder">The folder of the sets.</param>
    /// <param name="backup">Name of the backup in the stack, or its address.</param>
    /// <param name="name">Name of the set.</param>
    /// <param name="cancellationToken">Ends the making.</param>
    /// <returns>The empty folder.</returns>
    public static async Task<BackupStaging> CreateAsync(BackupFolder folder, string backup, string name, CancellationToken cancellationToken)
    {
        var staging = new BackupStaging(folder, backup, name);
        var result = await folder.Host.RunAsync(new HostCommand("sh", "-c", CreateText, "sh", staging.Path, folder.PathOf(name)), cancellationToken);
        return result.ExitCode switch
        {
            0 => staging,
            Exists => throw HostErrors.FileFailed(folder.Host.Name, folder.PathOf(name), "it is there already."),
            _ => throw (HostScripts.IsForbidden(result.StandardError) ? HostErrors.FileForbidden(folder.Host.Name, folder.Directory) : await staging.FailureAsync(result.Summary, cancellationToken)),
        };
    }

    /// <summary>Writes what a program says into a file.</summary>
    /// <param name="file">Name of the file.</param>
    /// <param name="compression">How it is compressed on the way.</param>
    /// <param name="source">The program; it is disposed.</param>
    /// <param name="progress">Told the bytes that have come.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>What came.</returns>
    /// <exception cref="OpsException"><c>Backup.DumpFailed</c>, <c>Backup.DiskFull</c>, or a connection was lost.</exception>
    public async Task<DumpStream> WriteAsync(string file, BackupCompression compression, CommandStream source, Action<long> progress, CancellationToken cancellationToken)
    {
        await using var program = source;
        var feed = new Feed(program.Output, progress, cancellationToken);
        var kind = compression switch { BackupCompression.Gzip => "gzip", BackupCompression.Zstd => "zstd", _ => "none" };
        await using var sink = await Host.StartAsync(new HostCommand("sh", "-c", SinkText, "sh", $"{Path}/{file}", kind) { FurtherInput = feed.ReadAsync(CancellationToken.None) }, cancellationToken);
        await sink.Output.CopyToAsync(Stream.Null, cancellationToken);
        var written = await sink.EndAsync(cancellationToken);
        if (!written.Succeeded)
        {
            throw await FailureAsync(written.Summary, CancellationToken.None);
        }

        if (feed.Failure is { } failure)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw failure as OpsException ?? BackupErrors.DumpFailed(_backup, failure.Message, inner: failure);
        }

        var ended = await program.EndAsync(cancellationToken);
        return ended.Succeeded ? feed.Result : throw BackupErrors.DumpFailed(_backup, Said(ended));
    }

    /// <summary>The failure of something that could not write into the folder.</summary>
    /// <param name="cause">What it said.</param>
    /// <param name="cancellationToken">Ends the look at the disk.</param>
    /// <returns>An exception to throw.</returns>
    public async Task<OpsException> FailureAsync(string cause, CancellationToken cancellationToken)
    {
        if (!cause.Contains("No space left", StringComparison.OrdinalIgnoreCase) && !cause.Contains("quota exceeded", StringComparison.OrdinalIgnoreCase))
        {
            return BackupErrors.DumpFailed(_backup, $"{Path} on {Host.Name} cannot be written: {cause}");
        }

        await RemoveAsync();
        return BackupErrors.DiskFull(_backup, Host.Name, Folder.Directory, await BackupSpace.FreeAsync(Folder, cancellationToken) ?? 0, cause);
    }

    /// <summary>What the programs of a dump said of their failure: the last lines, because the first may be about something harmless.</summary>
    /// <param name="result">How the program ended.</param>
    /// <returns>A sentence.</returns>
    public static string Said(CommandResult result)
    {
        var lines = result.StandardError.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return lines.Length > 0
            ? string.Join(' ', lines.TakeLast(3))
            : string.Create(CultureInfo.InvariantCulture, $"the program ended with {result.ExitCode} and said nothing.");
    }

    /// <summary>Brings all files to the disk, writes the manifest, and gives the set its name.</summary>
    /// <param name="manifest">What is known of it, without files.</param>
    /// <param name="cancellationToken">Ends it before the rename.</param>
    /// <returns>The manifest as it was written.</returns>
    /// <exception cref="OpsException"><c>Backup.DumpFailed</c>, <c>Backup.DiskFull</c>.</exception>
    public async Task<BackupManifest> CompleteAsync(BackupManifest manifest, CancellationToken cancellationToken)
    {
        var sealing = await Host.RunAsync(new HostCommand("sh", "-c", SealText, "sh", Path) { Timeout = Patience, MaximumOutputBytes = BackupManifest.MaximumBytes }, cancellationToken);
        if (!sealing.Succeeded || sealing.Truncated)
        {
            throw await FailureAsync(sealing.Summary, cancellationToken);
        }

        var files = sealing.StandardOutput.Split('\0', StringSplitOptions.RemoveEmptyEntries)
            .Select(record => record.Split(' ', 3))
            .Select(parts => new ManifestFile { Path = parts[2], Bytes = long.Parse(parts[1], CultureInfo.InvariantCulture), Sha256 = parts[0] })
            .OrderBy(file => file.Path, StringComparer.Ordinal)
            .ToList();
        var complete = manifest with { Files = files, Bytes = files.Sum(file => file.Bytes ?? 0) };
        try
        {
            await Host.WriteFileAsync($"{Path}/{BackupManifest.FileName}", complete.ToBytes(), cancellationToken);
        }
        catch (OpsException error) when (error.Id == "Host.FileFailed")
        {
            throw await FailureAsync(error.Message, cancellationToken);
        }

        var commit = await Host.RunAsync(new HostCommand("sh", "-c", CommitText, "sh", Path, Folder.PathOf(Name)) { Timeout = Patience }, cancellationToken);
        return commit.Succeeded ? complete : throw await FailureAsync(commit.Summary, cancellationToken);
    }

    /// <summary>Removes what was written, as far as that is possible.</summary>
    /// <returns>A task.</returns>
    public async Task RemoveAsync()
    {
        try
        {
            await Host.RunAsync(new HostCommand("rm", "-rf", "--", Path) { Timeout = Patience }, CancellationToken.None);
        }
        catch (OpsException)
        {
            // The host is gone. What is left there has a temporary name and is listed as a leftover.
        }
    }

    /// <summary>Passes on what a program says, and keeps both its ends. A failure ends the file, and is asked for afterwards.</summary>
    private sealed class Feed(Stream source, Action<long> progress, CancellationToken stop)
    {
        private const int ChunkBytes = 256 * 1024;
        private readonly byte[] _head = new byte[EndBytes];
        private byte[] _tail = [];
        private long _bytes;

        public Exception? Failure { get; private set; }

        public DumpStream Result => new(_bytes, _head[..(int)Math.Min(_bytes, EndBytes)], _tail);

        public async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, cancellationToken);
            var buffer = new byte[ChunkBytes];
            while (true)
            {
                var count = 0;
                try
                {
                    count = await source.ReadAsync(buffer, either.Token);
                }
                catch (Exception error) when (error is IOException or OpsException or OperationCanceledException or ObjectDisposedException)
                {
                    Failure = error;
                }

                if (count == 0)
                {
                    yield break;
                }

                Keep(buffer.AsSpan(0, count));
                yield return buffer.AsMemory(0, count);
                progress(_bytes);
            }
        }

        private void Keep(ReadOnlySpan<byte> chunk)
        {
            if (_bytes < EndBytes)
            {
                chunk[..(int)Math.Min(chunk.Length, EndBytes - _bytes)].CopyTo(_head.AsSpan((int)_bytes));
            }

            _bytes += chunk.Length;
            _tail = chunk.Length >= EndBytes ? chunk[^EndBytes..].ToArray() : [.. _tail.AsSpan(Math.Max(0, _tail.Length + chunk.Length - EndBytes)), .. chunk];
        }
    }
}
