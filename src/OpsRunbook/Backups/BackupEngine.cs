namespace OpsRunbook;

/// <summary>Kinds of server that a backup can come from.</summary>
public enum BackupEngine
{
    /// <summary>Not known.</summary>
    Unknown,

    /// <summary>PostgreSQL.</summary>
    PostgreSql,

    /// <summary>MySQL or MariaDB.</summary>
    MySql,

    /// <summary>MongoDB.</summary>
    MongoDb,

    /// <summary>Redis.</summary>
    Redis,
}
