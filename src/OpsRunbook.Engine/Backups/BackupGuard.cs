using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Backups;

/// <summary>
/// Guard <c>Backup</c>: before the only copy of data is changed there is a set that was restored as a test, and that is not
/// older than the stack allows.
/// </summary>
internal static class BackupGuard
{
    /// <summary>Asks the backups of a database or cache.</summary>
    /// <param name="session">The stack in use.</param>
    /// <param name="name">Name of the database or cache in the stack.</param>
    /// <param name="action">What is to be done, for messages: <c>VacuumFull in 'db'</c>.</param>
    /// <param name="changes">The road for changes.</param>
    /// <param name="output">Takes a warning where the stack defines no backup.</param>
    /// <param name="cancellationToken">Ends the asking.</param>
    /// <returns>A task.</returns>
    /// <exception cref="OpsException"><c>Guard.Backup</c>.</exception>
    public static async Task RequireAsync(StackSession session, string name, string action, ChangeRunner changes, IOperationOutput output, CancellationToken cancellationToken)
    {
        var names = session.Stack.Backups.Where(backup => backup.Value.Database == name).Select(backup => backup.Key).ToList();
        if (names.Count == 0)
        {
            output.Warning($"{action} changes the only copy of data that the stack knows: it defines no backup of '{name}'.");
            return;
        }

        var causes = new List<string>();
        foreach (var member in BackupMember.Select(session, names, null, output))
        {
            if (await CauseAsync(member, cancellationToken) is not { } cause)
            {
                return;
            }

            causes.Add(cause);
        }

        changes.Require(
            "Backup",
            satisfied: false,
            $"{action} needs a backup that is known to restore: {string.Join("; ", causes)}.",
            $"Run Backup-Database {names[0]}, then Test-DbBackup {names[0]} -Newest -Level Restore.",
            name);
    }

    // Null when it has a set to rely on.
    private static async Task<string?> CauseAsync(BackupMember member, CancellationToken cancellationToken)
    {
        try
        {
            var verified = (await member.Folder.ListAsync(cancellationToken)).LastOrDefault(set => set.IsVerified);
            var age = DateTime.UtcNow - verified?.Ended;
            return verified is null ? $"no set of '{member.Name}' was restored as a test"
                : member.Definition.MaxAge is { } limit && age > limit ? $"the newest set of '{member.Name}' that was restored as a test is {Duration.Format(age.Value)} old, and {Duration.Format(limit)} is the limit"
                : null;
        }
        catch (OpsException error)
        {
            return $"the sets of '{member.Name}' cannot be listed: {error.Message.TrimEnd('.')}";
        }
    }
}
