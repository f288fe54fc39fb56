using System.Globalization;
using OpsRunbook.Engine.Endpoints;

namespace OpsRunbook.Engine.Databases;

/// <summary>What asking a database for its state came to, for the check of its health and for the test of its connection.</summary>
/// <param name="Status">Critical when it does not answer as it should, Unknown when it could not be asked.</param>
/// <param name="Message">One line.</param>
internal sealed record DatabaseFinding(HealthStatus Status, string Message)
{
    /// <summary>Stable identifier of the cause; null when there is none.</summary>
    public string? Reason { get; init; }

    /// <summary>What to do about it; null when there is nothing useful to say.</summary>
    public string? NextStep { get; init; }

    /// <summary>Where the database is; null when not even that came out.</summary>
    public DatabaseTarget? Target { get; init; }

    /// <summary>What the server said; null when it said nothing.</summary>
    public DatabaseReading? Reading { get; init; }

    /// <summary>Connections in use; null when they are not known.</summary>
    public Measurement? Connections { get; init; }

    /// <summary>Asks a database.</summary>
    /// <param name="member">The database.</param>
    /// <param name="thresholds">Limits of the stack.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The finding. A failure is one too.</returns>
    public static async Task<DatabaseFinding> AskAsync(DatabaseMember member, StackThresholds thresholds, CancellationToken cancellationToken)
    {
        DatabaseTarget? target = null;
        try
        {
            target = await member.TargetAsync(cancellationToken);
            IDatabaseProbe probe = member.Definition.Engine switch
            {
                DatabaseEngine.Postgres => new PostgreSqlProbe(target),
                DatabaseEngine.MongoDb => new MongoDbProbe(target),
                _ => new MySqlProbe(target),
            };
            return Judge(await target.WithinAsync(probe.ReadAsync, cancellationToken), target, thresholds);
        }
        catch (OpsException error)
        {
            return new DatabaseFinding(CheckFailure.Status(error), error.Message) { Reason = error.Id, NextStep = error.NextStep, Target = target };
        }
    }

    private static DatabaseFinding Judge(DatabaseReading reading, DatabaseTarget target, StackThresholds thresholds)
    {
        var product = reading.Product + (reading.Role is { } role ? $" ({role})" : string.Empty);
        if (reading.NotTried is { } cause)
        {
            return new DatabaseFinding(HealthStatus.Unknown, $"{product} answers, but the login was not tried: {cause.Message}")
            {
                Reason = cause.Id,
                NextStep = cause.NextStep,
                Target = target,
                Reading = reading,
            };
        }

        if (!target.HasLogin)
        {
            return new DatabaseFinding(HealthStatus.Healthy, $"{product} answers; no credentials configured, login not tried.") { Target = target, Reading = reading };
        }

        if (reading is not { Connections: { } connections, MaximumConnections: > 0 and { } maximum })
        {
            return new DatabaseFinding(HealthStatus.Healthy, $"{product}, login works.") { Target = target, Reading = reading };
        }

        var limits = thresholds.DbConnections;
        var measurement = new Measurement(
            "connections", connections, string.Empty, limits.Warning * maximum / 100, limits.Critical * maximum / 100, 0, maximum);
        var percent = (100.0 * connections / maximum).ToString("0.#", CultureInfo.InvariantCulture);
        var high = measurement.Status != HealthStatus.Healthy;
        return new DatabaseFinding(measurement.Status, $"{product}, {connections} of {maximum} connections in use ({percent}%).")
        {
            Reason = high ? "Db.ConnectionsHigh" : null,
            NextStep = high ? "Look who holds them with Get-DbSession, the idle ones first." : null,
            Target = target,
            Reading = reading,
            Connections = measurement,
        };
    }
}
