using OpsRunbook.Engine.Databases;

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

    /// <summary>A database of the stack, on whose server something is restored.</summary>
    /// <param name="member">The backup.</param>
    /// <param name="name">Name of the database.</param>
    /// <returns>The database.</returns>
    /// <exception cref="OpsException"><c>Db.NotFound</c>.</exception>
    public static DatabaseMember Server(BackupMember member, string name) => member.Session.Stack.Databases.TryGetValue(name, out var definition)
        ? new DatabaseMember(member.Session, name, definition)
        : throw new OpsException(
            "Db.NotFound", OpsErrorKind.NotFound, $"The stack '{member.Session.Stack.Name}' has no database '{name}'.", Nearest.Suggest(name, member.Session.Stack.Databases.Keys), name);
}
