namespace OpsRunbook.Engine.Databases;

/// <summary>How a server writes texts, names and comments in SQL.</summary>
internal enum SqlDialect
{
    /// <summary>PostgreSQL.</summary>
    PostgreSql,

    /// <summary>MySQL and MariaDB.</summary>
    MySql,
}
