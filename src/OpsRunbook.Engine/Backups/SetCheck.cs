using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Backups;

/// <summary>Reads a set: its checksums, and whether what is in it is whole. Each file is read once.</summary>
/// <param name="set">The set.</param>
internal sealed class SetCheck(BackupSet set)
{
    private readonly Dictionary<string, ManifestFile> _read = new(StringComparer.Ordinal);

    /// <summary>The files that were read, with their checksums.</summary>
    public IReadOnlyList<ManifestFile> Files => [.. set.Files.Select(file => _read.GetValueOrDefault(file.Path)).OfType<ManifestFile>()];

    /// <summary>There is a checksum for every file that tells whether it is as it was written.</summary>
    public bool HasChecksums => set.Files.Count > 0 && set.Files.All(HasChecksum);

    /// <summary>The one file of a set that is not an archive in directory format.</summary>
    /// <exception cref="OpsException"><c>Backup.FormatUnknown</c>.</exception>
    public BackupFile Data => set.Files is [var file] ? file : throw DumpErrors.FormatUnknown(set.Name);

    /// <summary>Path of the folder of an archive in directory format, below the set, with a slash at its end.</summary>
    /// <exception cref="OpsException"><c>Backup.Incomplete</c>.</exception>
    public string ArchiveFolder => set.Files.Select(file => file.Path).Where(path => path == DumpFolder.Contents || path.EndsWith("/" + DumpFolder.Contents, StringComparison.Ordinal))
        .Select(path => path[..^DumpFolder.Contents.Length]).FirstOrDefault() ?? throw DumpErrors.Incomplete(set.Name, $"{DumpFolder.Contents} is missing.");

    /// <summary>Compares the checksum of every file that has one.</summary>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>What was done, in one sentence.</returns>
    /// <exception cref="OpsException"><c>Backup.Damaged</c>, <c>Backup.NoChecksum</c>.</exception>
    public async Task<string> CheckSumsAsync(CancellationToken cancellationToken)
    {
        if (!set.Files.Any(HasChecksum))
        {
            throw new OpsException(
                "Backup.NoChecksum",
                OpsErrorKind.InvalidData,
                $"No checksums were recorded for {set.Name}.",
                "Test it with -Level Stream or Restore, which records them.",
                set.Name);
        }

        foreach (var file in set.Files.Where(file => HasChecksum(file) && !_read.ContainsKey(file.Path)))
        {
            await using var content = await SetFile.OpenAsync(set, file, cancellationToken);
            _read[file.Path] = await content.FinishAsync(cancellationToken);
        }

        return $"the checksums of {(set.Files.Count == 1 ? "its file" : $"{set.Files.Count(HasChecksum)} of {set.Files.Count} files")} are those that were recorded";
    }

    /// <summary>Reads everything to its end: decompressed, and complete in itself.</summary>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>What was done, in one sentence.</returns>
    /// <exception cref="OpsException"><c>Backup.Damaged</c>, <c>Backup.Incomplete</c>, <c>Backup.FormatUnknown</c>.</exception>
    public async Task<string> CheckStreamAsync(CancellationToken cancellationToken)
    {
        var how = set.Manifest?.Format switch
        {
            BackupFormat.PostgreSqlCustom => await CheckCustomAsync(cancellationToken),
            BackupFormat.PostgreSqlDirectory => await CheckFolderAsync(cancellationToken),
            BackupFormat.PostgreSqlTar => await CheckDataAsync(
                async (content, name, token) => $"{(await TarDump.CheckAsync(content, name, token)).Entries.Count} entries were read to their ends", cancellationToken),
            BackupFormat.PostgreSqlPlain or BackupFormat.PostgreSqlAll or BackupFormat.MySqlPlain => await CheckDataAsync(
                async (content, name, token) =>
                {
                    await SqlDump.CheckAsync(content, name, token);
                    return "it was read to the line that the dump program writes last";
                },
                cancellationToken),
            BackupFormat.RedisRdb => await CheckDataAsync(
                async (content, name, token) => await RdbFile.CheckAsync(content, name, token) ? "it has the checksum that Redis wrote" : "it was read to its end; Redis wrote no checksum",
                cancellationToken),
            _ => throw DumpErrors.FormatUnknown(set.Name),
        };

        await ReadAllAsync(cancellationToken);
        return HasChecksums ? how + ", and the checksums are those that were recorded" : how;
    }

    /// <summary>Reads every file that was not read yet, for its checksum: compared where one is known, to be recorded where none is.</summary>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>A task.</returns>
    /// <exception cref="OpsException"><c>Backup.Damaged</c>.</exception>
    public async Task ReadAllAsync(CancellationToken cancellationToken)
    {
        foreach (var file in set.Files.Where(file => !_read.ContainsKey(file.Path)))
        {
            await using var content = await SetFile.OpenAsync(set, file, cancellationToken);
            _read[file.Path] = await content.FinishAsync(cancellationToken);
        }
    }

    /// <summary>Opens the data of a set that is one file, decompressed; <see cref="FinishAsync"/> says afterwards whether it was as recorded.</summary>
    /// <param name="cancellationToken">Ends the start.</param>
    /// <returns>The content, and the file below it; dispose the content.</returns>
    public async Task<(Stream Content, SetFile File)> OpenDataAsync(CancellationToken cancellationToken)
    {
        var file = await SetFile.OpenAsync(set, Data, cancellationToken);
        return (Decompress(file), file);
    }

    /// <summary>Reads the rest of a file that was opened and compares its checksum.</summary>
    /// <param name="file">The file.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>A task.</returns>
    /// <exception cref="OpsException"><c>Backup.Damaged</c>.</exception>
    public async Task FinishAsync(SetFile file, CancellationToken cancellationToken) => _read[Data.Path] = await file.FinishAsync(cancellationToken);

    private static bool HasChecksum(BackupFile file) => (file.Expected?.Sha256 ?? file.Expected?.WeakChecksum) is not null;

    private Stream Decompress(SetFile file) => set.Manifest!.Compression switch
    {
        BackupCompression.Gzip => new GzipContent(file, file.Shown),
        BackupCompression.Zstd => new ZstdContent(file, file.Shown, set.Host),
        _ => file,
    };

    private async Task<string> CheckDataAsync(Func<Stream, string, CancellationToken, Task<string>> check, CancellationToken cancellationToken)
    {
        var (content, file) = await OpenDataAsync(cancellationToken);
        await using (content)
        {
            var how = await check(content, file.Shown, cancellationToken);
            await FinishAsync(file, cancellationToken);
            return how;
        }
    }

    private Task<string> CheckCustomAsync(CancellationToken cancellationToken) => CheckDataAsync(
        async (content, name, token) =>
        {
            var archive = await PgArchiveReader.CheckAsync(new ByteReader(content, name), token);
            if (archive.Compression is PgArchiveCompression.Lz4 or PgArchiveCompression.Zstd)
            {
                await RequireReadableAsync(set.PathOf(Data), token);
            }

            return $"all data of its {archive.Entries.Count} entries was read";
        },
        cancellationToken);

    private async Task<string> CheckFolderAsync(CancellationToken cancellationToken)
    {
        var folder = ArchiveFolder;
        var files = set.Files.Where(file => file.Path.StartsWith(folder, StringComparison.Ordinal)).ToDictionary(file => file.Path[folder.Length..], StringComparer.Ordinal);
        var archive = await DumpFolder.CheckAsync(
            set.Name,
            files.Keys,
            async (name, token) => new Remembered(await SetFile.OpenAsync(set, files[name], token), this),
            (stream, name) => Path.GetExtension(name) switch
            {
                ".gz" => new GzipContent(stream, $"{set.Name}/{name}"),
                ".zst" => new ZstdContent(stream, $"{set.Name}/{name}", set.Host),
                _ => stream,
            },
            cancellationToken);
        if (files.Keys.Any(name => name.EndsWith(".lz4", StringComparison.Ordinal)))
        {
            await RequireReadableAsync($"{set.Path}/{folder}", cancellationToken);
        }

        return $"all {files.Count} files of its {archive.Entries.Count} entries were read";
    }

    // What only pg_restore can decompress it reads, into nothing.
    private async Task RequireReadableAsync(string path, CancellationToken cancellationToken)
    {
        var result = await set.Host.RunAsync(new HostCommand("pg_restore", "-f", "/dev/null", path) { Timeout = TimeSpan.FromHours(12) }, cancellationToken);
        if (!result.Succeeded)
        {
            throw DumpErrors.Damaged(set.Name, $"pg_restore cannot read it: {result.Summary}");
        }
    }

    /// <summary>A file whose checksum is looked at when its reader has had enough.</summary>
    private sealed class Remembered(SetFile file, SetCheck check) : ReadOnlyStream
    {
        private bool _ended;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var count = await file.ReadAsync(buffer, cancellationToken);
            if (count == 0 && buffer.Length > 0 && !_ended)
            {
                _ended = true;
                var read = await file.FinishAsync(cancellationToken);
                check._read[read.Path] = read;
            }

            return count;
        }

        public override async ValueTask DisposeAsync()
        {
            await file.DisposeAsync();
            await base.DisposeAsync();
        }
    }
}
