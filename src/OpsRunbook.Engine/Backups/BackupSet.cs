using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Backups;

/// <summary>A set, or something else, as it was found in a backup folder.</summary>
internal sealed record BackupSet
{
    /// <summary>Where it was found.</summary>
    public required BackupFolder Folder { get; init; }

    /// <summary>Name in the folder.</summary>
    public required string Name { get; init; }

    /// <summary>What it is.</summary>
    public required BackupState State { get; init; }

    /// <summary>Why it is not a complete set, beginning in lower case and without a full stop; null when it is one.</summary>
    public string? Problem { get; init; }

    /// <summary>It is a folder.</summary>
    public bool IsFolder { get; init; }

    /// <summary>Somebody else made it.</summary>
    public bool IsForeign { get; init; }

    /// <summary>Its manifest; for a set that somebody else made, what is known of it. Null for what is not a set.</summary>
    public BackupManifest? Manifest { get; init; }

    /// <summary>Its files without the manifest, in order of their paths.</summary>
    public IReadOnlyList<BackupFile> Files { get; init; } = [];

    /// <summary>Time of the last change of what lies there, UTC.</summary>
    public DateTime Changed { get; init; }

    /// <summary>Size of its files, in bytes.</summary>
    public long Bytes => Files.Sum(file => file.Bytes);

    /// <summary>Host that it is on.</summary>
    public IHost Host => Folder.Host;

    /// <summary>Absolute path.</summary>
    public string Path => Folder.PathOf(Name);

    /// <summary>Number of the set; null for one that somebody else made.</summary>
    public long? Sequence => Manifest?.Sequence;

    /// <summary>End of the backup, UTC; for a set that somebody else made, the time of its last change.</summary>
    public DateTime Ended => Manifest?.Ended ?? Changed;

    /// <summary>The last test; null when there was none.</summary>
    public BackupVerdict? LastVerdict => Manifest?.Verdicts is [.., var last] ? last : null;

    /// <summary>The test at the highest level that it passed and after which it failed none; null for none.</summary>
    public BackupVerdict? Verified => LastVerdict is { Passed: true } ? Manifest!.Verdicts.Where(verdict => verdict.Passed).MaxBy(verdict => verdict.Level) : null;

    /// <summary>It can be relied on: restored as a test, and nothing has been wrong with it since.</summary>
    public bool IsVerified => State == BackupState.Complete && Verified?.Level == BackupLevel.Restore;

    /// <summary>Absolute path of one of its files.</summary>
    /// <param name="file">The file.</param>
    /// <returns>The path on the host.</returns>
    public string PathOf(BackupFile file) => IsFolder ? $"{Path}/{file.Path}" : Path;

    /// <summary>Absolute path of the manifest that is ours to write.</summary>
    public string ManifestPath => IsForeign ? Path + BackupManifest.Suffix : $"{Path}/{BackupManifest.FileName}";

    /// <summary>Opens one of its files.</summary>
    /// <param name="file">The file.</param>
    /// <param name="cancellationToken">Ends the start.</param>
    /// <returns>Its bytes as they lie there; ask for the end too, because a read may fail half-way. Dispose it.</returns>
    public Task<CommandStream> OpenAsync(BackupFile file, CancellationToken cancellationToken) => Host.StartAsync(new HostCommand("cat", "--", PathOf(file)), cancellationToken);

    /// <summary>Records in the manifest what a test found. Whatever was recorded meanwhile stays.</summary>
    /// <param name="verdict">The verdict.</param>
    /// <param name="files">The files with the checksums that the test found, for a set that somebody else made; null for none.</param>
    /// <param name="cancellationToken">Ends the writing; the manifest is then as it was.</param>
    /// <returns>The set with the verdict.</returns>
    /// <exception cref="OpsException"><c>Backup.VerdictNotRecorded</c>.</exception>
    public async Task<BackupSet> RecordAsync(BackupVerdict verdict, IReadOnlyList<ManifestFile>? files, CancellationToken cancellationToken)
    {
        const int attempts = 5;
        for (var attempt = 0; attempt < attempts; attempt++)
        {
            var known = await Host.ReadFileAsync(ManifestPath, BackupManifest.MaximumBytes, cancellationToken);
            var manifest = known is null ? null : BackupManifest.Read(known, out _);
            if (manifest is null && (known is not null || !IsForeign))
            {
                throw NotRecorded("its manifest is gone or cannot be read any more.");
            }

            // A set that somebody else made is written over by its next run: the sizes tell which one the verdict is about.
            var changed = (IsForeign ? Manifest! with { Files = files ?? Manifest.Files, Verdicts = IsSameContent(manifest) ? manifest!.Verdicts : [] } : manifest!).With(verdict);
            var command = known is null ? HostScripts.WriteFile(ManifestPath, changed.ToBytes()) : HostScripts.ReplaceFile(ManifestPath, known, changed.ToBytes());
            var result = await Host.RunAsync(command, cancellationToken);
            if (result.ExitCode != HostScripts.Changed)
            {
                HostScripts.RequireWritten(Host.Name, ManifestPath, result);
                return this with { Manifest = changed };
            }
        }

        throw NotRecorded("its manifest is changed by somebody else all the time.");
    }

    /// <summary>A manifest beside a set that somebody else made was written about what lies there now.</summary>
    /// <param name="manifest">The manifest; null for none.</param>
    /// <returns>True when it was.</returns>
    internal bool IsSameContent(BackupManifest? manifest) =>
        manifest is not null && manifest.Ended == Changed && manifest.Files.Count == Files.Count
        && manifest.Files.All(known => Files.Any(file => file.Path == known.Path && file.Bytes == known.Bytes));

    private OpsException NotRecorded(string cause) => new(
        "Backup.VerdictNotRecorded",
        OpsErrorKind.OperationFailed,
        $"The result of testing {Path} on {Host.Name} was not recorded: {cause}",
        "Look at the folder, and test the set again.",
        Name);
}
