namespace OpsRunbook.Engine.Databases;

/// <summary>Picks what works for the engine of a database.</summary>
internal static class DatabaseAdapters
{
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
            _ => throw NotSupported(member),
        };
    }

    private static OpsException NotSupported(DatabaseMember member) => new(
        "Db.EngineNotSupported",
        OpsErrorKind.InvalidArgument,
        $"'{member.Name}' is {member.Definition.Engine}, which this command does not know yet.",
        null,
        member.Name);
}
