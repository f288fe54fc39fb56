using OpsRunbook.Engine.Backups;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Safety;

namespace OpsRunbook.Engine.Disks.Cleaning;

/// <summary>Sets of backups that the stack's retention lets go. Which they are, and that enough verified ones are left, is decided where sets are removed.</summary>
/// <param name="changes">The road for changes.</param>
internal sealed class OldBackups(ChangeRunner changes) : ICleanupCategory
{
    /// <inheritdoc/>
    public DiskCleanupCategory Category => DiskCleanupCategory.Backup;

    /// <inheritdoc/>
    public async Task FindAsync(CleanupSearch search, CancellationToken cancellationToken)
    {
        var names = search.Session.Stack.Backups
            .Where(backup => (backup.Value.Host ?? LocalHost.LocalName) == search.Host.Name && RetentionRules.Of(backup.Value.Retention).Any)
            .Select(backup => backup.Key)
            .ToList();
        foreach (var member in names.Count == 0 ? [] : BackupMember.Select(search.Session, names, null, search.Output))
        {
            if (await FileNumbers.DeviceAsync(search.Host, member.Definition.Directory, cancellationToken) is not { } device || search.FileSystem(device) is null)
            {
                continue;
            }

            var sets = await member.Folder.ListAsync(cancellationToken);
            foreach (var (set, _, reason) in new RetentionPlan(RetentionRules.Of(member.Definition.Retention), search.Now).Decide(sets).Where(decision => decision is { Keep: false, Wanted: true }))
            {
                search.Add(Category, DiskCleanupRisk.High, "Remove", set.Path, device, set.Bytes, set.Ended, reason, token => RemoveAsync(search, member, set.Name, token));
            }
        }
    }

    private async Task<CleanupResult> RemoveAsync(CleanupSearch search, BackupMember member, string set, CancellationToken cancellationToken)
    {
        var captured = new CapturedOutput(search.Output);
        var remover = new BackupRemover(member, RetentionRules.Of(member.Definition.Retention), changes.Within(captured), captured);
        await remover.RunAsync(new HashSet<string>(StringComparer.Ordinal) { set }, cancellationToken);
        if (captured.Errors is [var error, ..])
        {
            return error.Id == "Backup.SetNotFound" ? CleanupResult.Gone : throw error;
        }

        return captured.Items.OfType<DbBackupRemoval>().FirstOrDefault() switch
        {
            { Outcome: BackupRemovalOutcome.Removed } => CleanupResult.Done,
            { } kept => new CleanupResult(DiskCleanupOutcome.Changed, kept.Reason),
            null => CleanupResult.Gone,
        };
    }
}
