using OpsRunbook.Engine.Databases;

namespace OpsRunbook.Engine.Backups;

/// <summary>Picks what restores into a kind of server.</summary>
internal static class RestoreServers
{
    /// <summary>Connects to a server.</summary>
    /// <param name="member">A database of the stack on it.</param>
    /// <param name="target">Where it is.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The server; dispose it.</returns>
    /// <exception cref="OpsException"><c>Backup.EngineNotSupported</c>, or the server cannot be reached.</exception>
    public static async Task<IRestoreServer> OpenAsync(DatabaseMember member, DatabaseTarget target, CancellationToken cancellationToken) => member.Definition.Engine switch
    {
        DatabaseEngine.Postgres => await PostgreSqlRestore.OpenAsync(target, cancellationToken),
        DatabaseEngine.MySql or DatabaseEngine.MariaDb => await MySqlRestore.OpenAsync(target, cancellationToken),
        _ => throw new OpsException(
            "Backup.EngineNotSupported", OpsErrorKind.InvalidArgument, $"'{member.Name}' is {member.Definition.Engine}, into which this module cannot restore.", null, member.Name),
    };
}
