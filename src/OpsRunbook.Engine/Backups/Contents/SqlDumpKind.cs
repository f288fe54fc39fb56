namespace OpsRunbook.Engine.Backups;

/// <summary>What wrote a dump that is SQL.</summary>
internal enum SqlDumpKind
{
    /// <summary><c>pg_dump</c>: one database.</summary>
    PostgreSql,

    /// <summary><c>pg_dumpall</c>: roles and all databases.</summary>
    PostgreSqlCluster,

    /// <summary><c>mariadb-dump</c> or <c>mysqldump</c>.</summary>
    MySql,
}
