namespace OpsRunbook;

/// <summary>Kinds of database server.</summary>
public enum DatabaseEngine
{
    /// <summary>PostgreSQL.</summary>
    Postgres,

    /// <summary>MySQL.</summary>
    MySql,

    /// <summary>MariaDB.</summary>
    MariaDb,

    /// <summary>MongoDB.</summary>
    MongoDb,
}
