namespace OpsRunbook.Engine.Databases;

/// <summary>Picks what works for the engine of a database.</summary>
internal static class DatabaseAdapters
{
    // What StackDatabase.SlowQuery says of itself.
    private static readonly TimeSpan DefaultSlowQuery = TimeSpan.FromSeconds(1);

    /// <summary>Opens a look at the sessions of a server.</summary>
    /// <param name="member">The database.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The sessions; dispose it.</returns>
    /// <exception cref="OpsException">The server cannot be reached, or does not let us in.</exception>
    public static async Task<IDatabaseSessions> SessionsAsync(DatabaseMember member, CancellationToken cancellationToken)
    {
        var target = await member.TargetAsync(cancellationToken);
        return member.Definition.Engine switch
        {
            DatabaseEngine.Postgres => await PostgreSqlSessions.OpenAsync(member.Name, target, cancellationToken),
            DatabaseEngine.MySql or DatabaseEngine.MariaDb => await MySqlSessions.OpenAsync(member.Name, target, cancellationToken),
            DatabaseEngine.MongoDb => await MongoSessions.OpenAsync(member.Name, target, cancellationToken),
            _ => throw NotSupported(member),
        };
    }

    /// <summary>What reads the state of a server.</summary>
    /// <param name="member">The database.</param>
    /// <param name="target">Where it is.</param>
    /// <returns>The reader.</returns>
    public static IDatabaseStatus Status(DatabaseMember member, DatabaseTarget target) => member.Definition.Engine switch
    {
        DatabaseEngine.Postgres => new PostgreSqlStatus(target),
        DatabaseEngine.MySql or DatabaseEngine.MariaDb => new MySqlStatus(target),
        DatabaseEngine.MongoDb => new MongoStatus(target),
        _ => throw NotSupported(member),
    };

    /// <summary>Opens the settings of a server.</summary>
    /// <param name="member">The database.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The settings; dispose it.</returns>
    /// <exception cref="OpsException">The server cannot be reached, or does not let us in.</exception>
    public static async Task<IDatabaseSettings> SettingsAsync(DatabaseMember member, CancellationToken cancellationToken)
    {
        var target = await member.TargetAsync(cancellationToken);
        return member.Definition.Engine switch
        {
            DatabaseEngine.Postgres => new PostgreSqlSettings(target, await target.WithinAsync(token => PostgreSqlSession.OpenAsync(target, token), cancellationToken)),
            DatabaseEngine.MySql or DatabaseEngine.MariaDb => new MySqlSettings(target, await target.WithinAsync(token => MySqlSession.OpenAsync(target, token), cancellationToken)),
            _ => throw NotSupported(member),
        };
    }

    /// <summary>What reads the slow queries of a server.</summary>
    /// <param name="member">The database.</param>
    /// <param name="target">Where it is.</param>
    /// <returns>The reader.</returns>
    public static IDatabaseSlowQueries SlowQueries(DatabaseMember member, DatabaseTarget target)
    {
        var limit = member.Definition.SlowQuery ?? DefaultSlowQuery;
        return member.Definition.Engine switch
        {
            DatabaseEngine.Postgres => new PostgreSqlSlowQueries(member.Name, target, limit),
            DatabaseEngine.MySql or DatabaseEngine.MariaDb => new MySqlSlowQueries(member.Name, target, limit),
            DatabaseEngine.MongoDb => new MongoSlowQueries(member.Name, target, limit),
            _ => throw NotSupported(member),
        };
    }

    /// <summary>What reads the tables and indexes of a database.</summary>
    /// <param name="member">The database.</param>
    /// <param name="target">Where it is.</param>
    /// <returns>The reader.</returns>
    public static IDatabaseTables Tables(DatabaseMember member, DatabaseTarget target) => member.Definition.Engine switch
    {
        DatabaseEngine.Postgres => new PostgreSqlTables(member, target),
        DatabaseEngine.MySql or DatabaseEngine.MariaDb => new MySqlTables(member, target),
        DatabaseEngine.MongoDb => new MongoTables(member, target),
        _ => throw NotSupported(member),
    };

    /// <summary>What runs statements of an operator.</summary>
    /// <param name="member">The database.</param>
    /// <param name="target">Where it is.</param>
    /// <returns>The runner.</returns>
    public static IDatabaseQuery Query(DatabaseMember member, DatabaseTarget target) => member.Definition.Engine switch
    {
        DatabaseEngine.Postgres => new PostgreSqlQuery(target),
        DatabaseEngine.MySql or DatabaseEngine.MariaDb => new MySqlQuery(target),
        _ => throw NotSupported(member),
    };

    /// <summary>Opens the maintenance of a database.</summary>
    /// <param name="member">The database.</param>
    /// <param name="target">Where it is.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The maintenance; dispose it.</returns>
    /// <exception cref="OpsException">The server cannot be reached, or does not let us in.</exception>
    public static async Task<IDatabaseMaintenance> MaintenanceAsync(DatabaseMember member, DatabaseTarget target, CancellationToken cancellationToken) => member.Definition.Engine switch
    {
        DatabaseEngine.Postgres => await PostgreSqlMaintenance.OpenAsync(member, target, cancellationToken),
        DatabaseEngine.MySql or DatabaseEngine.MariaDb => await MySqlMaintenance.OpenAsync(member, target, cancellationToken),
        _ => throw NotSupported(member),
    };

    /// <summary>A command has nothing to do in MongoDB, or does not know it.</summary>
    /// <param name="member">The database.</param>
    /// <returns>An exception to throw.</returns>
    public static OpsException NotSupported(DatabaseMember member) => new(
        "Db.EngineNotSupported",
        OpsErrorKind.InvalidArgument,
        $"'{member.Name}' is MongoDB, which this command does not work with.",
        "With MongoDB work Test-DbConnection, Get-DbStatus, Get-DbSession, Stop-DbSession, Get-DbSlowQuery and Get-DbTable; for anything else there is mongosh itself.",
        member.Name);
}
