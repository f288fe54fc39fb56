namespace OpsRunbook;

/// <summary>What a session of a database is there for. Only clients are ended without force.</summary>
public enum DbSessionKind
{
    /// <summary>An application or a person.</summary>
    Client,

    /// <summary>Sends or applies changes of a replication.</summary>
    Replication,

    /// <summary>Takes a backup, as <c>pg_dump</c> and <c>pg_basebackup</c> do.</summary>
    Backup,

    /// <summary>Maintains tables: autovacuum, or a client that vacuums, reindexes, optimizes.</summary>
    Maintenance,

    /// <summary>Part of the server itself.</summary>
    System,
}
