using System.Globalization;
using OpsRunbook.Engine.Endpoints;
using OpsRunbook.Engine.Health;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Databases;

/// <summary>Asks a database server whether it answers, and how close it is to its limit of connections.</summary>
/// <param name="name">Name of the check in its result.</param>
/// <param name="database">Where the server is.</param>
/// <param name="thresholds">Limits of the stack.</param>
public sealed class DatabaseCheck(string name, StackDatabase database, StackThresholds thresholds) : IHealthCheck
{
    private readonly TimeSpan _limit = database.Timeout ?? TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    public TimeSpan Timeout => _limit + CheckFailure.Backstop;

    /// <inheritdoc/>
    public async Task<CheckResult> RunAsync(StackSession session, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        string? address = null;
        try
        {
            var host = session.Host(database.Host);
            var target = new DatabaseTarget(host, database, await session.SecretAsync(database.Password, cancellationToken), _limit);
            address = target.Text;
            IDatabaseProbe probe = database.Engine switch
            {
                DatabaseEngine.Postgres => new PostgreSqlProbe(target),
                DatabaseEngine.MongoDb => new MongoDbProbe(target),
                _ => new MySqlProbe(target),
            };
            var reading = await Deadline.RunAsync(
                _limit,
                probe.ReadAsync,
                () => DatabaseErrors.FromEndpoint(EndpointErrors.Timeout(target.Text, _limit, "answer")),
                cancellationToken);
            return Judge(reading, target);
        }
        catch (OpsException error)
        {
            return Result(CheckFailure.Status(error), error.Message, error.Id, address, null);
        }
    }

    private CheckResult Judge(DatabaseReading reading, DatabaseTarget target)
    {
        var product = reading.Product + (reading.Role is { } role ? $" ({role})" : string.Empty);
        if (reading.NotTried is { } cause)
        {
            return Result(HealthStatus.Unknown, $"{product} answers, but the login was not tried: {cause.Message}", cause.Id, target.Text, reading.Latency);
        }

        if (!target.HasLogin)
        {
            return Result(HealthStatus.Healthy, $"{product} answers; no credentials configured, login not tried.", null, target.Text, reading.Latency);
        }

        if (reading is not { Connections: { } connections, MaximumConnections: > 0 and { } maximum })
        {
            return Result(HealthStatus.Healthy, $"{product}, login works.", null, target.Text, reading.Latency);
        }

        var limits = thresholds.DbConnections;
        var measurement = new Measurement(
            "connections", connections, string.Empty, limits.Warning * maximum / 100, limits.Critical * maximum / 100, 0, maximum);
        var percent = (100.0 * connections / maximum).ToString("0.#", CultureInfo.InvariantCulture);
        return Result(
            measurement.Status,
            $"{product}, {connections} of {maximum} connections in use ({percent}%).",
            measurement.Status == HealthStatus.Healthy ? null : "Db.ConnectionsHigh",
            target.Text,
            reading.Latency,
            measurement);
    }

    private CheckResult Result(
        HealthStatus status,
        string message,
        string? reason,
        string? target,
        TimeSpan? latency,
        params Measurement[] measurements) => new()
        {
            Name = name,
            Status = status,
            Message = message,
            Reason = reason,
            Target = target,
            Latency = latency,
            Measurements = measurements,
        };
}
