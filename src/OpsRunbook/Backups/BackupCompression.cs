namespace OpsRunbook;

/// <summary>Compression around the data of a backup. What a format compresses by itself does not count.</summary>
public enum BackupCompression
{
    /// <summary>None.</summary>
    None,

    /// <summary>gzip.</summary>
    Gzip,

    /// <summary>Zstandard.</summary>
    Zstd,
}
