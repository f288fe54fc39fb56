namespace OpsRunbook;

/// <summary>What a clean-up of a disk can take away.</summary>
public enum DiskCleanupCategory
{
    /// <summary>Packages that the package manager has fetched and installed.</summary>
    PackageCache,

    /// <summary>Steps of image builds that the container engine keeps to build quicker.</summary>
    BuildCache,

    /// <summary>Images that no container uses and no rollback needs.</summary>
    Image,

    /// <summary>Containers that have ended and belong to no stack.</summary>
    Container,

    /// <summary>Old files in the folders for temporary ones.</summary>
    TemporaryFile,

    /// <summary>Older parts of the stack's logs.</summary>
    RotatedLog,

    /// <summary>Older parts of the logs that pm2 keeps.</summary>
    Pm2Log,

    /// <summary>Archived files of systemd's journal.</summary>
    Journal,

    /// <summary>Logs that are written to just now: they are rotated, never removed.</summary>
    OpenLog,

    /// <summary>Sets of backups that the retention of the stack lets go.</summary>
    Backup,
}
