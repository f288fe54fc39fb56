using System.Globalization;

namespace OpsRunbook.Engine.Databases;

/// <summary>
/// The number of a session of ours on the server. A server does not notice that a client has gone while it works for it;
/// it has to be told. Numbers are never given twice in the life of a server.
/// </summary>
/// <param name="Number">The number.</param>
internal sealed record MySqlConnectionId(long Number)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>Asks for it.</summary>
    /// <param name="session">The session.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The number.</returns>
    public static async Task<MySqlConnectionId> ReadAsync(MySqlSession session, CancellationToken cancellationToken) =>
        new((await session.RowAsync("SELECT CONNECTION_ID() AS id", cancellationToken)).Number("id") ?? 0);

    /// <summary>Ends what the session does, from another one. Called when nobody waits for it any more, so it says nothing and gives up soon.</summary>
    /// <param name="target">The server.</param>
    /// <returns>A task.</returns>
    public async Task KillAsync(DatabaseTarget target)
    {
        using var limit = new CancellationTokenSource(Patience);
        try
        {
            await using var other = await MySqlSession.OpenAsync(target, limit.Token);
            await other.QueryAsync($"KILL {Number.ToString(CultureInfo.InvariantCulture)}", limit.Token);
        }
        catch (Exception error) when (error is OpsException or OperationCanceledException or IOException)
        {
            // It has ended by itself, or the server is gone.
        }
    }
}
