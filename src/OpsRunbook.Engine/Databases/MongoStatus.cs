using System.Text.Json;
using System.Text.Json.Nodes;

namespace OpsRunbook.Engine.Databases;

/// <summary>State of a MongoDB server, and of its replica set. It is looked at only: nothing here configures a set, whatever state it is in.</summary>
/// <param name="target">Where it is.</param>
internal sealed class MongoStatus(DatabaseTarget target) : IDatabaseStatus
{
    private const int NotYetInitialized = 94;

    // What the rest of serverStatus costs is not worth its figures.
    private static readonly string[] Unwanted = ["metrics", "locks", "tcmalloc", "opLatencies", "shardingStatistics", "storageEngine", "defaultRWConcern", "mirroredReads", "network", "opcounters", "security"];

    /// <summary>Asks a server for its figures.</summary>
    /// <returns>The command.</returns>
    public static JsonObject Question()
    {
        var question = new JsonObject { ["serverStatus"] = 1 };
        foreach (var section in Unwanted)
        {
            question[section] = 0;
        }

        return question;
    }

    /// <inheritdoc/>
    public async Task<StatusReading> ReadAsync(CancellationToken cancellationToken)
    {
        await using var session = await MongoSession.OpenAsync(target, cancellationToken);
        var refused = new List<string>();
        var version = (await session.RunAsync("admin", new JsonObject { ["buildInfo"] = 1 }, cancellationToken)).Text("version");
        var server = await OptionalAsync(session, "admin", Question(), "clusterMonitor", refused, cancellationToken);
        var catalog = target.Database.Database;
        var size = catalog is null ? null : await OptionalAsync(session, catalog, new JsonObject { ["dbStats"] = 1, ["scale"] = 1 }, $"read on {catalog}", refused, cancellationToken);
        var operations = session.Hello.Role == "router" ? [] : await OperationsAsync(session, refused, cancellationToken);
        var idle = operations.Where(operation => operation.Text("type") == "idleSession" && operation.Member("transaction") is not null).ToList();
        var set = await SetAsync(session, refused, cancellationToken);
        var cache = server?.Member("wiredTiger", "cache");
        var connections = server?.Member("connections");
        return new StatusReading
        {
            Version = version ?? string.Empty,
            Catalog = catalog,
            Size = size?.Number("totalSize") ?? size?.Number("storageSize") + size?.Number("indexSize"),
            Connections = (int?)connections?.Number("current"),
            MaximumConnections = (int?)(connections?.Number("current") + connections?.Number("available")),

            // Our own question runs too, and drivers that wait for news of the set do not work.
            Active = connections?.Number("active") is { } active ? (int)Math.Max(0, active - (connections?.Number("awaitingTopologyChanges") ?? 0) - 1) : null,
            IdleInTransaction = refused.Count == 0 ? idle.Count : null,
            LongestIdleInTransaction = Longest(idle, "timeInactiveMicros"),
            OldestTransaction = Longest(operations, "timeOpenMicros"),
            CacheHits = (cache?.Number("pages requested from the cache") ?? 0) - (cache?.Number("pages read into cache") ?? 0),
            CacheMisses = cache?.Number("pages read into cache") ?? 0,
            Uptime = server?.Number("uptimeMillis") is { } uptime ? TimeSpan.FromMilliseconds(uptime) : null,
            Role = session.Hello.Role switch
            {
                "secondary" => "replica",
                { } role => role,
                null => set.Members.FirstOrDefault(member => member.IsSelf)?.State.ToLowerInvariant() ?? "none",
            },
            Lag = set.Members.FirstOrDefault(member => member.IsSelf)?.Lag ?? (session.Hello.Role == "primary" ? set.Members.Max(member => member.Lag) : null),
            Replicas = session.Hello.Role == "primary" ? set.Members.Count(member => member.State == "SECONDARY") : null,
            ReplicationBroken = set.Broken,
            Members = set.Members,
            Restriction = refused.Count == 0 ? null : $"'{target.User}' may not read all of the server's state. Grant it {string.Join(", ", refused.Distinct(StringComparer.Ordinal))}.",
        };
    }

    private static TimeSpan? Longest(IEnumerable<JsonElement> operations, string field) =>
        operations.Max(operation => operation.Member("transaction")?.Number(field)) is { } microseconds ? TimeSpan.FromMicroseconds(microseconds) : null;

    private static async Task<IReadOnlyList<JsonElement>> OperationsAsync(MongoSession session, List<string> refused, CancellationToken cancellationToken)
    {
        try
        {
            return await session.ListAsync("admin", MongoSessions.Question(all: true, isRouter: false, new JsonObject { ["transaction"] = new JsonObject { ["$exists"] = true } }), cancellationToken);
        }
        catch (OpsException error) when (error.Id == "Db.Forbidden")
        {
            refused.Add("clusterMonitor");
            return [];
        }
    }

    private static async Task<JsonElement?> OptionalAsync(MongoSession session, string database, JsonObject command, string right, List<string> refused, CancellationToken cancellationToken)
    {
        try
        {
            return await session.RunAsync(database, command, cancellationToken);
        }
        catch (OpsException error) when (error.Id == "Db.Forbidden")
        {
            refused.Add(right);
            return null;
        }
    }

    private async Task<(IReadOnlyList<DbReplicaMember> Members, string? Broken)> SetAsync(MongoSession session, List<string> refused, CancellationToken cancellationToken)
    {
        var configured = target.Database.ReplicaSet;
        if (session.Hello.Role is "single" or "router")
        {
            return ([], configured is not null && session.Hello.Role == "single" ? $"It belongs to no replica set; the stack says '{configured}'." : null);
        }

        JsonElement? answer;
        try
        {
            answer = await OptionalAsync(session, "admin", new JsonObject { ["replSetGetStatus"] = 1 }, "clusterMonitor", refused, cancellationToken);
        }
        catch (OpsException error) when (error.Id == "Db.Failed" && error.Message.EndsWith($"({NotYetInitialized})", StringComparison.Ordinal))
        {
            return ([], "It was started for a replica set, and has no configuration of one. A member that had one has lost it, or was never added: look at the others first. A set is initiated by hand and only once, never by this module.");
        }

        if (answer is not { } status)
        {
            return ([], null);
        }

        var name = status.Text("set");
        var primary = status.Items("members").Where(member => member.Text("stateStr") == "PRIMARY").Select(member => member.Moment("optimeDate")).FirstOrDefault();
        var members = status.Items("members").Select(member => ToMember(member, primary)).ToList();
        return (members, configured is not null && name != configured ? $"It belongs to the replica set '{name}'; the stack says '{configured}'."
            : !members.Exists(member => member.State == "PRIMARY") ? $"No member of '{name}' is primary: it takes no writes. {Unreachable(members)}"
            : null);
    }

    private static string Unreachable(List<DbReplicaMember> members)
    {
        var away = members.Where(member => member.Status == HealthStatus.Critical).Select(member => Display.Text(member.Name)).ToList();
        return away.Count == 0 ? "An election may be going on." : $"Not reached: {string.Join(", ", away)} of {members.Count}.";
    }

    private static DbReplicaMember ToMember(JsonElement member, DateTime? primary)
    {
        var state = member.Text("stateStr") ?? "UNKNOWN";
        var says = member.Text("lastHeartbeatMessage") is { Length: > 0 } heartbeat ? heartbeat : member.Text("infoMessage");
        return new DbReplicaMember
        {
            Status = member.Number("health") == 0 ? HealthStatus.Critical : state is "PRIMARY" or "SECONDARY" or "ARBITER" ? HealthStatus.Healthy : HealthStatus.Warning,
            Name = member.Text("name") ?? string.Empty,
            State = state,
            IsSelf = member.Flag("self"),

            // The clocks are the primary's: both times are those of its operations.
            Lag = state is "SECONDARY" or "RECOVERING" or "ROLLBACK" && primary is { } front && member.Moment("optimeDate") is { } own ? TimeSpan.FromTicks(Math.Max(0, (front - own).Ticks)) : null,
            SyncSource = member.Text("syncSourceHost") is { Length: > 0 } source ? source : null,
            Message = says is { Length: > 0 } ? says : null,
        };
    }
}
