namespace OpsRunbook.Engine.Backups;

/// <summary>Lists the sets of a backup.</summary>
/// <param name="member">The backup.</param>
/// <param name="query">Which sets.</param>
/// <param name="output">Takes a <see cref="DbBackup"/> for each.</param>
public sealed class BackupLister(BackupMember member, BackupQuery query, IOperationOutput output)
{
    /// <summary>Lists them, the newest first, then what is no set.</summary>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>A task that ends with the last one.</returns>
    /// <exception cref="OpsException">The folder cannot be read.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var judged = new BackupJudge(member, DateTime.UtcNow).Judge(await member.Folder.ListAsync(cancellationToken));
        var sets = judged.Where(backup => backup.State is BackupState.Complete or BackupState.Damaged).Reverse().Concat(judged.Where(backup => backup.State is not (BackupState.Complete or BackupState.Damaged)));
        var wanted = sets.Where(backup => query.All || backup.State != BackupState.NotRecognized);
        if (query.Newest || query.Verified)
        {
            wanted = wanted.Where(backup => backup.State == BackupState.Complete && (!query.Verified || backup.IsVerified));
        }

        foreach (var backup in query.Newest ? wanted.Take(1) : wanted)
        {
            await output.WriteAsync(backup, cancellationToken);
        }

        var others = judged.Count(backup => backup.State == BackupState.NotRecognized);
        if (others > 0 && !query.All)
        {
            output.Verbose($"{others} other things are in {member.Definition.Directory} on {member.HostName}; -All shows them.");
        }
    }
}
