namespace OpsRunbook.Engine.Databases;

/// <summary>Failures of maintenance, with the same identifiers for every engine.</summary>
internal static class MaintenanceErrors
{
    public static OpsException NotSupported(string database, DbMaintenanceOperation operation, IReadOnlyList<DbMaintenanceOperation> supported) => new(
        "Db.OperationNotSupported",
        OpsErrorKind.InvalidArgument,
        $"The server of '{database}' knows no {operation}.",
        $"It knows {string.Join(", ", supported)}.",
        database);

    public static OpsException Running(string database, string holder) => new(
        "Db.MaintenanceRunning",
        OpsErrorKind.Refused,
        $"Maintenance of '{database}' is running already: {holder}.",
        "Wait for it, or talk to its operator.",
        database);

    public static OpsException Locked(string table, TimeSpan waited, IReadOnlyList<string> holders) => new(
        "Db.TableLocked",
        OpsErrorKind.Timeout,
        $"{table} is held by others and was left alone after {Duration.Format(waited)}: {(holders.Count == 0 ? "by whom cannot be seen" : string.Join("; ", holders))}.",
        "End that transaction (Get-DbSession, Stop-DbSession), try again when it is over, or give a longer -LockTimeout.",
        table);

    public static OpsException Gone(string table) => new(
        "Db.TableNotFound", OpsErrorKind.NotFound, $"{table} is no longer there.", "Look again with Get-DbTable.", table);

    /// <summary>The failure of an operation with the name of the table that it was about.</summary>
    public static OpsException Failed(DbMaintenanceOperation operation, string table, OpsException error, bool lost) => new(
        lost ? "Db.ConnectionLost" : error.Id == "Db.Failed" ? "Db.MaintenanceFailed" : error.Id,
        lost ? OpsErrorKind.Connection : error.Kind,
        $"{operation} of {table} {(lost ? "was broken off: " : "failed: ")}{error.Message}",
        lost
            ? $"Look whether the server was restarted, then run the command again: the table is as it was before.{(operation == DbMaintenanceOperation.Reindex ? " Unfinished indexes go with -Operation RemoveInvalidIndex." : string.Empty)}"
            : error.NextStep,
        table,
        error);
}
