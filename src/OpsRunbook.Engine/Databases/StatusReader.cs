using System.Diagnostics;
using System.Globalization;
using OpsRunbook.Engine.Endpoints;

namespace OpsRunbook.Engine.Databases;

/// <summary>Reads the state of a database server and judges it.</summary>
/// <param name="member">The database.</param>
/// <param name="output">Takes a <see cref="DbStatus"/>.</param>
public sealed class StatusReader(DatabaseMember member, IOperationOutput output)
{
    // A cache that misses more than this is too small for the work, says the PostgreSQL runbooks' rule of thumb; fewer reads say nothing.
    private const double LeastHitPercent = 90;
    private const double FewestReads = 100_000;

    // Beyond these, vacuum cannot do its work and locks begin to matter.
    private static readonly Threshold TransactionAge = new(15 * 60, 60 * 60);
    private static readonly Threshold IdleTransactionAge = new(5 * 60, 30 * 60);
    private static readonly Threshold LagSeconds = new(30, 300);

    // Of two billion numbers; autovacuum works against it from 200 million on.
    private static readonly Threshold NumberAge = new(1e9, 1.8e9);

    /// <summary>Reads it. A server that cannot be asked has a status too.</summary>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>A task that ends when the status is taken.</returns>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        DatabaseTarget? target = null;
        DbStatus status;
        try
        {
            target = await member.TargetAsync(cancellationToken);
            var adapter = DatabaseAdapters.Status(member, target);
            var reading = await target.WithinAsync(adapter.ReadAsync, cancellationToken);
            status = Report(reading, target, Stopwatch.GetElapsedTime(start));
        }
        catch (OpsException error)
        {
            status = new DbStatus
            {
                Status = CheckFailure.Status(error),
                Database = member.Name,
                Engine = member.Definition.Engine,
                Server = target?.Text ?? member.Definition.Server ?? "localhost",
                Message = error.Message,
                Checks = [new CheckResult { Name = "connection", Status = CheckFailure.Status(error), Message = error.FullMessage, Reason = error.Id, Target = target?.Text }],
            };
        }

        await output.WriteAsync(status, cancellationToken);
    }

    private DbStatus Report(StatusReading reading, DatabaseTarget target, TimeSpan latency)
    {
        var checks = Checks(reading, target).ToList();
        var status = HealthStatuses.Worst(checks.Select(check => check.Status));
        var reads = reading.CacheHits + reading.CacheMisses;
        return new DbStatus
        {
            Status = status,
            Database = member.Name,
            Engine = member.Definition.Engine,
            Message = status == HealthStatus.Healthy
                ? checks.Find(check => check.Name == "connections")?.Message ?? "It answers."
                : checks.Find(check => check.Status == status)!.Message,
            Checks = checks,
            Server = target.Text,
            Version = reading.Version,
            Catalog = reading.Catalog,
            Size = reading.Size,
            Connections = reading.Connections,
            MaximumConnections = reading.MaximumConnections,
            ConnectionPercent = Percent(reading.Connections, reading.MaximumConnections),
            Active = reading.Active,
            IdleInTransaction = reading.IdleInTransaction,
            OldestTransaction = reading.OldestTransaction,
            CacheHitPercent = Percent(reading.CacheHits, reads),
            Deadlocks = reading.Deadlocks,
            Uptime = reading.Uptime,
            Role = reading.Role,
            Lag = reading.Lag,
            Replicas = reading.Replicas,
            Members = reading.Members,
            Latency = latency,
        };
    }

    private IEnumerable<CheckResult> Checks(StatusReading reading, DatabaseTarget target)
    {
        if (reading is { Connections: { } connections, MaximumConnections: > 0 and { } maximum })
        {
            var limits = member.Session.Stack.Thresholds.DbConnections;
            yield return Check(
                target,
                new Measurement("connections", connections, string.Empty, limits.Warning * maximum / 100, limits.Critical * maximum / 100, 0, maximum),
                $"{connections} of {maximum} connections in use ({Percent(connections, maximum)?.ToString("0.#", CultureInfo.InvariantCulture)}%).",
                "Db.ConnectionsHigh");
        }

        if (reading.OldestTransaction is { } oldest)
        {
            yield return Check(target, Seconds("oldestTransaction", oldest, TransactionAge), $"The oldest transaction has been open for {Duration.Format(oldest)}.", "Db.TransactionOld");
        }

        if (reading.LongestIdleInTransaction is { } idle)
        {
            yield return Check(
                target, Seconds("idleInTransaction", idle, IdleTransactionAge), $"{reading.IdleInTransaction} sessions idle in a transaction, the longest for {Duration.Format(idle)}.", "Db.TransactionIdle");
        }

        var reads = reading.CacheHits + reading.CacheMisses;
        if (Percent(reading.CacheHits, reads) is { } hits)
        {
            var low = reads >= FewestReads && hits < LeastHitPercent;
            yield return Check(
                target,
                new Measurement("cacheHits", hits, "%", null, null, 0, 100),
                $"{hits.ToString("0.#", CultureInfo.InvariantCulture)}% of the pages came from the cache{(reads < FewestReads ? ", of few reads so far" : string.Empty)}.",
                "Db.CacheMisses",
                low ? HealthStatus.Warning : HealthStatus.Healthy);
        }

        if (reading.ReplicationBroken is { } broken)
        {
            yield return new CheckResult { Name = "replication", Status = HealthStatus.Critical, Message = broken, Reason = "Db.ReplicationBroken", Target = target.Text };
        }
        else if (reading.Lag is { } lag)
        {
            yield return Check(target, Seconds("lag", lag, LagSeconds), $"Replication is {Duration.Format(lag)} behind.", "Db.ReplicationLag");
        }

        foreach (var ill in reading.Members.Where(each => each.Status != HealthStatus.Healthy))
        {
            yield return new CheckResult
            {
                Name = $"member {ill.Name}",

                // With a primary, what is lost for now is a copy.
                Status = reading.ReplicationBroken is null ? HealthStatus.Warning : ill.Status,
                Message = $"The member {Display.Text(ill.Name)} is {Display.Text(ill.State)}{(ill.Message is { } says ? $": {Display.Text(says)}" : ".")}",
                Reason = "Db.ReplicaUnhealthy",
                Target = target.Text,
            };
        }

        if (reading.TransactionNumberAge is { } age)
        {
            yield return Check(
                target,
                new Measurement("transactionNumbers", age, string.Empty, NumberAge.Warning, NumberAge.Critical, 0, 2_147_483_647),
                $"The oldest transaction number is {age.ToString("N0", CultureInfo.InvariantCulture)} transactions old; at two billion the server stops.",
                "Db.TransactionNumbersOld");
        }

        if (reading.Restriction is { } restriction)
        {
            yield return new CheckResult { Name = "rights", Status = HealthStatus.Unknown, Message = restriction, Reason = "Db.Forbidden", Target = target.Text };
        }
    }

    private static Measurement Seconds(string name, TimeSpan value, Threshold limits) => new(name, value.TotalSeconds, "s", limits.Warning, limits.Critical, 0);

    private static CheckResult Check(DatabaseTarget target, Measurement measurement, string message, string reason, HealthStatus? status = null) => new()
    {
        Name = measurement.Name,
        Status = status ?? measurement.Status,
        Message = message,
        Reason = (status ?? measurement.Status) == HealthStatus.Healthy ? null : reason,
        Target = target.Text,
        Measurements = [measurement],
    };

    private static double? Percent(double? part, double? whole) => part is { } some && whole is > 0 and { } all ? 100 * some / all : null;
}
