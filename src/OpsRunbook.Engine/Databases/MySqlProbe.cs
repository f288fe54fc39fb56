using System.Diagnostics;

namespace OpsRunbook.Engine.Databases;

/// <summary>MySQL and MariaDB: the greeting of the protocol, and a login through the client program where one is configured.</summary>
/// <param name="target">Where it is.</param>
internal sealed class MySqlProbe(DatabaseTarget target) : IDatabaseProbe
{
    public async Task<DatabaseReading> ReadAsync(CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        MySqlHandshake greeting;
        await using (var stream = await target.ConnectAsync(cancellationToken))
        {
            greeting = await MySqlHandshake.ReadAsync(stream, target.Text, cancellationToken);
            if (!target.HasLogin)
            {
                if (target.RequiredTls is not null && !greeting.OffersTls)
                {
                    throw DatabaseErrors.TlsRefused(target.Text);
                }

                await MySqlHandshake.DeclineAsync(stream, target.Text, cancellationToken);
                return new DatabaseReading(greeting.Product, Stopwatch.GetElapsedTime(start));
            }
        }

        try
        {
            var login = Stopwatch.GetTimestamp();
            await using var session = await MySqlSession.OpenAsync(target, greeting, cancellationToken);
            var settings = await session.RowAsync("SELECT @@max_connections AS maximum, @@read_only AS readonly", cancellationToken);
            target.Timings.LogIn = Stopwatch.GetElapsedTime(login);
            var asked = Stopwatch.GetTimestamp();
            var connected = await session.RowAsync("SHOW GLOBAL STATUS LIKE 'Threads_connected'", cancellationToken);
            target.Timings.Query = Stopwatch.GetElapsedTime(asked);
            var tls = await session.RowAsync("SHOW STATUS LIKE 'Ssl_version'", cancellationToken);
            return new DatabaseReading(greeting.Product, Stopwatch.GetElapsedTime(start))
            {
                MaximumConnections = (int?)settings.Number("maximum"),
                Connections = (int?)connected.Number("Value"),
                Tls = tls["Value"] is { Length: > 0 } version ? version : null,
                Role = settings.Number("readonly") == 1 ? "read-only" : null,
            };
        }
        catch (OpsException error) when (error.Id is "Db.ClientMissing" or "Db.ClientFailed")
        {
            return new DatabaseReading(greeting.Product, Stopwatch.GetElapsedTime(start)) { NotTried = error };
        }
    }
}
