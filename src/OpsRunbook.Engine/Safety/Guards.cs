namespace OpsRunbook.Engine.Safety;

/// <summary>Every guard that there is. A test holds the code to it: no cmdlet asks one that is not here.</summary>
public static class Guards
{
    private const string StartWindow = "Start-MaintenanceWindow";
    private const string StopWindow = "Stop-MaintenanceWindow";
    private static readonly string[] ServiceChanges = ["Restart-OpsService", "Set-OpsServiceLimit", "Set-OpsServiceScale", "Set-ServiceEnvironment", StartWindow, "Stop-OpsService"];

    /// <summary>The guards by name.</summary>
    public static IReadOnlyList<GuardDefinition> All { get; } =
    [
        new("Backup", "Before the only copy of data is changed there is a backup that was restored as a test.", "Invoke-DbMaintenance", StartWindow),
        new("BackupAge", "No old backup is removed while there is no new one.", "Remove-DbBackup"),
        new("CertificateReplaced", "A certificate that was renewed meanwhile is not taken away again.", "New-TemporaryCertificate"),
        new("CertificateUsable", "A good certificate is not replaced by a self-signed one.", "New-TemporaryCertificate"),
        new("ConnectionsBelowUse", "A limit of connections is not set below what is in use.", "Set-DbSetting"),
        new("Drain", "No service is stopped while it serves, where the stack says how it is drained.", ServiceChanges),
        new("FailedTest", "No backup is restored that failed its test.", "Restore-Database"),
        new("FileChanged", "A file that somebody else has changed is not put back to what it was.", "Set-ServiceEnvironment"),
        new("FreeSpace", "No rewrite of a table and no restore begins without room for it.", "Invoke-DbMaintenance", "Restore-Database", "Test-DbBackup"),
        new("Freeze", "No maintenance begins in a time in which the stack wants nothing changed.", StartWindow),
        new("Health", "Maintenance begins, and visitors are let in again, only when the stack is well.", StartWindow, StopWindow),
        new("Journal", "Nothing is changed without a record of it."),
        new("MemoryBelowUse", "A limit of memory is not set below what a cache uses.", "Set-CachePolicy"),
        new("OpenTransaction", "A session that only holds a transaction open is not ended by what cancels statements.", "Stop-DbSession"),
        new("OpenWindow", "A stack is in one maintenance window at a time.", StartWindow) { CanBeForced = false },
        new("PlainSecret", "No secret stands in plain text on a command line.", "Set-DbSetting", "Set-ServiceEnvironment"),
        new("ProtectedKey", "No key is removed that the stack protects.", "Clear-Cache", "Remove-CacheKey"),
        new("ProtectedSession", "No session is ended in which a database does its own work.", "Stop-DbSession"),
        new("ReplicationLink", "No connection is ended by which a cache is replicated.", "Stop-CacheClient"),
        new("SessionMoved", "No session is ended that has gone on since it was looked at.", "Stop-DbSession"),
        new("SettingMoved", "A setting that somebody else has set is not put back to what it was.", "Set-DbSetting"),
        new("SmokeTest", "Visitors are let in again only when the stack's smoke tests pass.", StopWindow),
        new("State", "Nothing is changed when it cannot be told to which incident and maintenance window it belongs."),
        new("VerifiedBackups", "No backup is removed that leaves too few that were restored as a test.", "Remove-DbBackup"),
        new("WebServerValid", "No certificate is renewed that could not be put into service.", "Update-Certificate"),
        new("WindowTime", "A planned window begins at the time that was announced.", StartWindow),
    ];
}
