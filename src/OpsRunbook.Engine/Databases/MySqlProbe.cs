using System.Diagnostics;
using System.Globalization;

namespace OpsRunbook.Engine.Databases;

/// <summary>MySQL and MariaDB: the greeting of the protocol, and a login through the client program where one is configured.</summary>
/// <param name="target">Where it is.</param>
internal sealed class MySqlProbe(DatabaseTarget target) : IDatabaseProbe
{
    private const string Query = "SELECT @@max_connections AS maximum; SHOW GLOBAL STATUS LIKE 'Threads_connected'; SELECT @@read_only AS readonly";

    public async Task<DatabaseReading> ReadAsync(CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        MySqlHandshake greeting;
        await using (var stream = await target.ConnectAsync(cancellationToken))
        {
            greeting = await MySqlHandshake.ReadAsync(stream, target.Text, cancellationToken);
            if (target.RequiredTls is not null && !greeting.OffersTls)
            {
                throw DatabaseErrors.TlsRefused(target.Text);
            }

            if (!target.HasLogin)
            {
                await MySqlHandshake.DeclineAsync(stream, target.Text, cancellationToken);
                return new DatabaseReading(greeting.Product, Stopwatch.GetElapsedTime(start));
            }
        }

        try
        {
            var answers = await new MySqlClient(target).QueryAsync(Query, greeting.OffersTls, target.Timeout, cancellationToken);
            return new DatabaseReading(greeting.Product, Stopwatch.GetElapsedTime(start))
            {
                MaximumConnections = Number(answers.ElementAtOrDefault(0), "maximum"),
                Connections = Number(answers.ElementAtOrDefault(1), "Value"),
                Role = Number(answers.ElementAtOrDefault(2), "readonly") == 1 ? "read-only" : null,
            };
        }
        catch (OpsException error) when (error.Id is "Db.ClientMissing" or "Db.ClientFailed")
        {
            return new DatabaseReading(greeting.Product, Stopwatch.GetElapsedTime(start)) { NotTried = error };
        }
    }

    private static int? Number(IReadOnlyList<IReadOnlyDictionary<string, string?>>? rows, string column) =>
        rows is [var row, ..] && int.TryParse(row.GetValueOrDefault(column), NumberStyles.Integer, CultureInfo.InvariantCulture, out var value) ? value : null;
}
