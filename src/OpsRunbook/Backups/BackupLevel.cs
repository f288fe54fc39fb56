namespace OpsRunbook;

/// <summary>How thoroughly a backup was verified; each level includes those before it.</summary>
public enum BackupLevel
{
    /// <summary>Every file has the size and checksum that were recorded.</summary>
    Checksum,

    /// <summary>The data was read from its first byte to its end and is complete in itself.</summary>
    Stream,

    /// <summary>The data was restored into a scratch database and counted.</summary>
    Restore,
}
