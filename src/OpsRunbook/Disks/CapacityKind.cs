namespace OpsRunbook;

/// <summary>What may run out.</summary>
public enum CapacityKind
{
    /// <summary>Space of a file system, percent used.</summary>
    Disk,

    /// <summary>Inodes of a file system, percent used.</summary>
    Inodes,

    /// <summary>Size of a database, bytes.</summary>
    Database,

    /// <summary>Memory of a cache, percent of its maximum.</summary>
    CacheMemory,
}
