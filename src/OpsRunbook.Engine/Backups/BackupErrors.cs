namespace OpsRunbook.Engine.Backups;

/// <summary>Failures of backups.</summary>
internal static class BackupErrors
{
    public static OpsException DumpFailed(string name, string cause, string? nextStep = null, Exception? inner = null) => new(
        "Backup.DumpFailed", OpsErrorKind.OperationFailed, $"The backup of '{name}' failed, and nothing was kept of it: {cause}", nextStep, name, inner);

    public static OpsException NoSpace(string name, string host, string path, long needed, long free) => new(
        "Backup.NoSpace",
        OpsErrorKind.Refused,
        $"The backup of '{name}' needs about {ByteSize.Format(needed)}, and {path} on {host} has {ByteSize.Format(free)} free.",
        "Free some space there, remove old sets with Remove-DbBackup, or give another folder.",
        path);

    public static OpsException DiskFull(string name, string host, string path, long free, string cause) => new(
        "Backup.DiskFull",
        OpsErrorKind.OperationFailed,
        $"The backup of '{name}' did not fit into {path} on {host}, which has {ByteSize.Format(free)} free now that what was written is removed. {cause}",
        "Free some space there, remove old sets with Remove-DbBackup, or give another folder. Earlier sets are as they were.",
        path);

    public static OpsException FormatNotSupported(string name, BackupEngine engine, string what, string nextStep) => new(
        "Backup.FormatNotSupported", OpsErrorKind.InvalidArgument, $"'{name}' is {engine}, whose backups cannot be {what}.", nextStep, name);

    public static OpsException EngineNotSupported(string name, BackupEngine engine) => new(
        "Backup.EngineNotSupported",
        OpsErrorKind.InvalidArgument,
        $"'{name}' is {engine}, which this module does not dump itself.",
        "Give the backup a 'command:' in the stack file that makes the set.",
        name);
}
