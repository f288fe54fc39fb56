namespace OpsRunbook.Engine.Backups;

/// <summary>How a backup is to be made.</summary>
/// <param name="Format">How the data is written; null for the engine's best.</param>
/// <param name="Compression">Compression; null for the format's best.</param>
/// <param name="Jobs">Number of tables that are read at once, for a format that can; at least 1.</param>
/// <param name="CountRows">The rows of each table are counted, in the same snapshot.</param>
public sealed record BackupRequest(BackupFormat? Format = null, BackupCompression? Compression = null, int Jobs = 1, bool CountRows = false);
