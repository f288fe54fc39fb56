using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace OpsRunbook.Engine.Databases;

/// <summary>Sessions of MongoDB: the connections of its clients with what they run (<c>$currentOp</c>).</summary>
internal sealed class MongoSessions : IDatabaseSessions
{
    private static readonly HashSet<string> MaintenanceCommands =
        new(StringComparer.Ordinal) { "compact", "validate", "createIndexes", "dropIndexes", "reIndex", "convertToCapped", "cleanupOrphaned", "autoCompact" };

    private static readonly HashSet<string> BackupPrograms = new(StringComparer.Ordinal) { "mongodump", "pbm-agent" };

    private readonly string _name;
    private readonly DatabaseTarget _target;
    private readonly MongoSession _session;
    private readonly DateTime? _serverStarted;
    private readonly bool _seesAll;

    private MongoSessions(string name, DatabaseTarget target, MongoSession session, DateTime? serverStarted, bool seesAll)
    {
        _name = name;
        _target = target;
        _session = session;
        _serverStarted = serverStarted;
        _seesAll = seesAll;
    }

    /// <inheritdoc/>
    /// <remarks>The server tells microseconds of an operation, and its own clock in milliseconds, one after the other.</remarks>
    public TimeSpan Tolerance => TimeSpan.FromMilliseconds(250);

    /// <inheritdoc/>
    public bool EndsConnections => false;

    /// <inheritdoc/>
    public string? Restriction => _seesAll ? null : $"'{_target.User}' sees its own sessions only. Grant it clusterMonitor, or use -Credential of a user who has it.";

    /// <summary>Asks for what clients run.</summary>
    /// <param name="all">What other users run too.</param>
    /// <param name="isRouter">Of a mongos its own operations, not those of the shards.</param>
    /// <param name="match">Which ones.</param>
    /// <returns>The command.</returns>
    public static JsonObject Question(bool all, bool isRouter, JsonObject match)
    {
        var current = new JsonObject { ["allUsers"] = all, ["idleConnections"] = true };
        current[isRouter ? "localOps" : "idleSessions"] = true;
        return new JsonObject { ["aggregate"] = 1, ["pipeline"] = new JsonArray(new JsonObject { ["$currentOp"] = current }, new JsonObject { ["$match"] = match }) };
    }

    /// <summary>Connects.</summary>
    /// <param name="name">Name of the database in the stack.</param>
    /// <param name="target">Where it is.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The sessions.</returns>
    public static Task<MongoSessions> OpenAsync(string name, DatabaseTarget target, CancellationToken cancellationToken) =>
        target.WithinAsync(token => LogInAsync(name, target, token), cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<DbSession>> ListAsync(bool allDatabases, CancellationToken cancellationToken)
    {
        var sessions = await ReadAsync(new JsonObject { ["connectionId"] = new JsonObject { ["$exists"] = true } }, cancellationToken);

        // A connection belongs to no database; only what it runs does.
        return sessions
            .Where(session => session.Kind is not (DbSessionKind.Replication or DbSessionKind.System))
            .Where(session => allDatabases || _target.Database.Database is not { } database || session.Catalog is null || session.Catalog == database)
            .ToList();
    }

    /// <inheritdoc/>
    public async Task<DbSession?> FindAsync(long id, CancellationToken cancellationToken) =>
        await ReadAsync(new JsonObject { ["connectionId"] = id }, cancellationToken) is [var session, ..] ? session : null;

    /// <inheritdoc/>
    public async Task<SessionHoldings> HoldingsAsync(DbSession session, CancellationToken cancellationToken)
    {
        var operations = await AskAsync(new JsonObject { ["connectionId"] = session.Id }, cancellationToken);
        var locks = operations.Select(operation => operation.Member("locks")).OfType<JsonElement>()
            .Where(held => held.ValueKind == JsonValueKind.Object)
            .SelectMany(held => held.EnumerateObject())
            .Select(held => $"{held.Name} {held.Value}")
            .ToList();

        // The server does not say whose lock an operation waits for.
        return new SessionHoldings(locks, []);
    }

    /// <inheritdoc/>
    public async Task<bool> CancelAsync(DbSession session, CancellationToken cancellationToken)
    {
        // A number of an operation is never given twice, so what is killed now is what is looked at here or nothing.
        var now = await FindAsync(session.Id, cancellationToken);
        if (now is not { State: DbSessionState.Active, OperationId: { } operation } || operation != session.OperationId || now.StateSince is null
            || session.StateSince is null || (now.StateSince.Value - session.StateSince.Value).Duration() > Tolerance)
        {
            return false;
        }

        await _session.RunAsync("admin", new JsonObject { ["killOp"] = 1, ["op"] = operation }, cancellationToken);
        return true;
    }

    /// <inheritdoc/>
    public Task<bool> TerminateAsync(DbSession session, bool sameWork, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _session.DisposeAsync();

    private static async Task<MongoSessions> LogInAsync(string name, DatabaseTarget target, CancellationToken cancellationToken)
    {
        var session = await MongoSession.OpenAsync(target, cancellationToken);
        try
        {
            // The process has a number that begins with the time of its start.
            var process = (await session.RunAsync("admin", new JsonObject { ["hello"] = 1 }, cancellationToken)).Member("topologyVersion", "processId")?.Text("$oid");
            DateTime? started = process is { Length: 24 } && long.TryParse(process.AsSpan(0, 8), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var seconds)
                ? DateTime.UnixEpoch.AddSeconds(seconds) : null;
            var seesAll = true;
            try
            {
                await session.ListAsync("admin", Question(all: true, session.Hello.Role == "router", new JsonObject { ["connectionId"] = -1 }), cancellationToken);
            }
            catch (OpsException error) when (error.Id == "Db.Forbidden")
            {
                seesAll = false;
            }

            return new MongoSessions(name, target, session, started, seesAll);
        }
        catch
        {
            await session.DisposeAsync();
            throw;
        }
    }

    private Task<IReadOnlyList<JsonElement>> AskAsync(JsonObject match, CancellationToken cancellationToken) =>
        _session.ListAsync("admin", Question(_seesAll, _session.Hello.Role == "router", match), cancellationToken);

    private async Task<IReadOnlyList<DbSession>> ReadAsync(JsonObject match, CancellationToken cancellationToken)
    {
        var operations = await AskAsync(match, cancellationToken);

        // An open transaction that nobody works on stands in an entry of its own beside that of its connection.
        return operations
            .Where(operation => operation.Text("appName") != _session.Application && operation.Number("connectionId") is not null)
            .GroupBy(operation => operation.Number("connectionId")!.Value)
            .OrderBy(connection => connection.Key)
            .Select(connection => Map(
                connection.Key,
                connection.OrderByDescending(operation => operation.Flag("active")).ThenBy(operation => operation.Text("type") == "idleSession").First(),
                connection.Select(operation => operation.Member("transaction")).OfType<JsonElement>().Select(transaction => (JsonElement?)transaction).FirstOrDefault()))
            .ToList();
    }

    private DbSession Map(long id, JsonElement operation, JsonElement? transaction)
    {
        var command = MongoText.NameOf(operation);

        // A driver that waits for news of the server has nothing to do meanwhile.
        var waits = command is "hello" or "isMaster" or "ismaster";
        var isActive = operation.Flag("active") && !waits && operation.Number("opid") is not null;
        TimeSpan? open = transaction?.Number("timeOpenMicros") is { } age ? TimeSpan.FromMicroseconds(Math.Max(0, age)) : null;
        var now = operation.Moment("currentOpTime") ?? DateTime.UtcNow;
        TimeSpan? running = isActive ? TimeSpan.FromMicroseconds(Math.Max(0, operation.Number("microsecs_running") ?? (operation.Number("secs_running") * 1_000_000) ?? 0)) : null;
        var users = string.Join(", ", operation.Items("effectiveUsers").Select(user => user.Text("user")).OfType<string>());
        return new DbSession
        {
            State = operation.Flag("killPending") ? DbSessionState.Ending : isActive ? DbSessionState.Active : open is null ? DbSessionState.Idle : DbSessionState.IdleInTransaction,
            Kind = KindOf(operation, command, users),
            Id = id,
            OperationId = isActive ? operation.Number("opid") : 0,
            Database = _name,
            Engine = DatabaseEngine.MongoDb,
            ServerStartedAt = _serverStarted,
            StateSince = now - running,
            User = users.Length == 0 ? null : users,
            Application = operation.Text("appName"),
            Address = operation.Text("client") ?? operation.Text("client_s"),
            Catalog = isActive ? operation.Member("command", "$db")?.GetString() ?? operation.Text("ns")?.Split('.')[0] : null,
            Running = running,
            Transaction = open,
            Wait = operation.Flag("waitingForLock") ? "lock" : operation.Flag("waitingForFlowControl") ? "flow control" : null,
            Query = waits ? null : MongoText.Show(operation),
            ServerState = isActive ? string.Join(": ", new[] { operation.Text("op"), operation.Text("msg") ?? operation.Text("planSummary") }.OfType<string>()) : operation.Text("desc"),
            CheckedAt = now,
        };
    }

    private static DbSessionKind KindOf(JsonElement operation, string command, string users) => operation.Text("appName") switch
    {
        _ when users.Split(", ").Contains("__system", StringComparer.Ordinal) || operation.Text("ns") == "local.oplog.rs" => DbSessionKind.Replication,
        { } program when BackupPrograms.Contains(program) => DbSessionKind.Backup,
        _ when MaintenanceCommands.Contains(command) => DbSessionKind.Maintenance,
        _ => DbSessionKind.Client,
    };
}
