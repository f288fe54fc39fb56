namespace OpsRunbook.Engine.Backups;

/// <summary>Picks sets out of a backup folder.</summary>
internal static class BackupSelection
{
    /// <summary>The sets that names mean, from the oldest to the newest.</summary>
    /// <param name="member">The backup.</param>
    /// <param name="names">Names with wildcards; none for all.</param>
    /// <param name="newest">Only the newest of them.</param>
    /// <param name="output">Takes an error for each name that fits no set.</param>
    /// <param name="cancellationToken">Ends the reading of the folder.</param>
    /// <returns>Complete and damaged sets.</returns>
    /// <exception cref="OpsException"><c>Backup.NoSet</c>: the folder holds none.</exception>
    public static async Task<IReadOnlyList<BackupSet>> ChooseAsync(BackupMember member, IReadOnlyList<string> names, bool newest, IOperationOutput output, CancellationToken cancellationToken)
    {
        var sets = (await member.Folder.ListAsync(cancellationToken)).Where(set => set.State is BackupState.Complete or BackupState.Damaged).ToList();
        if (sets.Count == 0)
        {
            throw new OpsException(
                "Backup.NoSet", OpsErrorKind.NotFound, $"There is no set of '{member.Name}' in {member.Definition.Directory} on {member.HostName}.", "Make one with Backup-Database, or see what lies there with Get-DbBackup.", member.Name);
        }

        foreach (var name in names.Where(name => !sets.Exists(set => NameFilter.Fits(name, set.Name))))
        {
            output.Error(new OpsException(
                "Backup.NoSet", OpsErrorKind.NotFound, $"'{member.Name}' has no set '{name}' in {member.Definition.Directory} on {member.HostName}.", Nearest.Suggest(name, sets.Select(set => set.Name)), name));
        }

        var chosen = sets.Where(set => names.Count == 0 || names.Any(name => NameFilter.Fits(name, set.Name))).ToList();
        return newest && chosen.Count > 1 ? [chosen[^1]] : chosen;
    }
}
