using OpsRunbook.Engine.Backups;
using OpsRunbook.Engine.Safety;

namespace OpsRunbook.Engine.Databases;

/// <summary>What must hold before a table is written anew or repaired.</summary>
/// <param name="member">The database.</param>
/// <param name="engine">Its engine.</param>
/// <param name="changes">The road for changes.</param>
/// <param name="output">Takes warnings.</param>
internal sealed class MaintenanceGuards(DatabaseMember member, IDatabaseMaintenance engine, ChangeRunner changes, IOperationOutput output)
{
    private readonly HashSet<DbMaintenanceOperation> _unknown = [];
    private readonly Dictionary<DbMaintenanceOperation, Task> _backups = [];

    /// <summary>An operation that replaces or changes the only copy of the rows.</summary>
    public static bool IsRisky(DbMaintenanceOperation operation) => operation is DbMaintenanceOperation.VacuumFull or DbMaintenanceOperation.Repair;

    /// <summary>Asks every guard about one operation.</summary>
    /// <param name="operation">The operation.</param>
    /// <param name="table">The table.</param>
    /// <param name="cancellationToken">Ends the asking.</param>
    /// <returns>A task.</returns>
    /// <exception cref="OpsException"><c>Guard.FreeSpace</c>, <c>Guard.Backup</c>.</exception>
    public async Task RequireAsync(DbMaintenanceOperation operation, DbTable table, CancellationToken cancellationToken)
    {
        if (IsRisky(operation))
        {
            // Once for all tables; they get the same answer.
            if (!_backups.TryGetValue(operation, out var asked))
            {
                asked = BackupGuard.RequireAsync(member.Session, member.Name, $"{operation} in '{member.Name}'", changes, output, cancellationToken);
                _backups.Add(operation, asked);
            }

            await asked;
        }

        if (await engine.ReadSpaceAsync(operation, table, cancellationToken) is not { } need)
        {
            return;
        }

        if (need.Available is not { } available)
        {
            if (!_unknown.Add(operation))
            {
                return;
            }

            if (!IsRisky(operation))
            {
                output.Warning($"{operation} in '{member.Name}' needs room for a copy, and how much there is cannot be known: {need.Where}.");
                return;
            }

            changes.Require(
                "FreeSpace",
                satisfied: false,
                $"{operation} in '{member.Name}' needs room for a second copy of each table, and how much there is cannot be known: {need.Where}.",
                "Look on the server with df.",
                member.Name);
            return;
        }

        changes.Require(
            "FreeSpace",
            need.Bytes <= available,
            $"{operation} of {table.Schema}.{table.Table} in '{member.Name}' needs about {ByteSize.Format(need.Bytes)}, and {need.Where} has {ByteSize.Format(available)} left.",
            "Free some space, or begin with smaller tables.",
            table.Table);
    }
}
