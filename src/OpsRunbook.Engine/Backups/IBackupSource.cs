namespace OpsRunbook.Engine.Backups;

/// <summary>A server that is ready to be backed up: reached, logged in to, its tools found and fit for it.</summary>
internal interface IBackupSource : IAsyncDisposable
{
    /// <summary>What the manifest will say, without files and times.</summary>
    BackupManifest Description { get; }

    /// <summary>Size of the data on the server in bytes; null when it does not tell.</summary>
    long? DataBytes { get; }

    /// <summary>What is to be known before it begins; empty for nothing.</summary>
    IReadOnlyList<string> Warnings { get; }

    /// <summary>What would be run, for a plan. Never with a secret.</summary>
    string Plan { get; }

    /// <summary>Writes the data.</summary>
    /// <param name="staging">Takes the files.</param>
    /// <param name="progress">Told the bytes that have come.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>Rows of each table, when they were asked for; null when not.</returns>
    /// <exception cref="OpsException"><c>Backup.DumpFailed</c>: the data is not complete.</exception>
    Task<IReadOnlyList<ManifestTable>?> DumpAsync(BackupStaging staging, Action<long> progress, CancellationToken cancellationToken);
}
