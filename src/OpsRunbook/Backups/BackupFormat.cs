namespace OpsRunbook;

/// <summary>How the data of a backup is written. Compression around it is told apart: <see cref="BackupCompression"/>.</summary>
public enum BackupFormat
{
    /// <summary>Not known; only checksums, if there are any, can be verified.</summary>
    Unknown,

    /// <summary><c>pg_dump --format=custom</c>: one file, read by <c>pg_restore</c>.</summary>
    PostgreSqlCustom,

    /// <summary><c>pg_dump --format=directory</c>: a folder with a file for each table, read by <c>pg_restore</c>.</summary>
    PostgreSqlDirectory,

    /// <summary><c>pg_dump</c> as SQL, read by <c>psql</c>.</summary>
    PostgreSqlPlain,

    /// <summary><c>pg_dumpall</c>: SQL for a whole cluster, read by <c>psql</c>.</summary>
    PostgreSqlAll,

    /// <summary><c>mariadb-dump</c> or <c>mysqldump</c>: SQL, read by <c>mariadb</c> or <c>mysql</c>.</summary>
    MySqlPlain,

    /// <summary>Snapshot of a Redis server.</summary>
    RedisRdb,
}
