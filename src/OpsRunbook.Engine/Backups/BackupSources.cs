namespace OpsRunbook.Engine.Backups;

/// <summary>Picks what backs up the server of a backup.</summary>
internal static class BackupSources
{
    /// <summary>Reaches the server.</summary>
    /// <param name="member">The backup.</param>
    /// <param name="request">How it is to be made.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The source; dispose it.</returns>
    /// <exception cref="OpsException">It cannot be backed up so, and why.</exception>
    public static async Task<IBackupSource> OpenAsync(BackupMember member, BackupRequest request, CancellationToken cancellationToken) => member.Engine switch
    {
        BackupEngine.PostgreSql => await PostgreSqlBackup.OpenAsync(member, request, cancellationToken),
        BackupEngine.MySql => await MySqlBackup.OpenAsync(member, request, cancellationToken),
        BackupEngine.Redis => await RedisBackup.OpenAsync(member, request, cancellationToken),
        _ => throw BackupErrors.EngineNotSupported(member.Name, member.Engine),
    };
}
