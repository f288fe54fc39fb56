using OpsRunbook.Engine.Databases;
using OpsRunbook.Engine.Safety;

namespace OpsRunbook.Engine.Backups;

/// <summary>What must be there before anything is restored: the programs, and room, so that the disk of a server that others use is not filled.</summary>
internal static class RestoreNeeds
{
    /// <summary>Asks for the programs, and for room for one more database.</summary>
    /// <param name="server">The server.</param>
    /// <param name="database">The database of the stack on it.</param>
    /// <param name="set">The set.</param>
    /// <param name="changes">Asks the guard.</param>
    /// <param name="output">Told when it cannot be known.</param>
    /// <param name="cancellationToken">Ends the question.</param>
    /// <returns>A task.</returns>
    /// <exception cref="OpsException"><c>Guard.FreeSpace</c>, <c>Backup.ToolMissing</c>, <c>Backup.ToolTooOld</c>.</exception>
    public static async Task RequireAsync(IRestoreServer server, DatabaseMember database, BackupSet set, ChangeRunner changes, IOperationOutput output, CancellationToken cancellationToken)
    {
        await server.RequireProgramsAsync(set, cancellationToken);
        var need = await server.ReadSpaceAsync(database.Definition.Database, set.Bytes, cancellationToken);
        if (need.Available is not { } available)
        {
            output.Verbose($"How much room there is for a copy of '{database.Name}' cannot be known: {need.Where}.");
            return;
        }

        changes.Require(
            "FreeSpace",
            need.Bytes <= available,
            $"{set.Name} needs about {ByteSize.Format(need.Bytes)} on the server of '{database.Name}', and {need.Where} has {ByteSize.Format(available)} left.",
            "Free some space, or restore on another server with -Server.",
            database.Name);
    }
}
