namespace OpsRunbook.Engine.Backups;

/// <summary>Who works, as manifests record it.</summary>
internal static class BackupOrigin
{
    /// <summary><c>user@machine</c>.</summary>
    public static string Who => $"{Environment.UserName}@{Environment.MachineName}";
}
