using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;

namespace OpsRunbook.Fixtures;

/// <summary>
/// Speaks MongoDB's wire protocol (OP_MSG, and OP_QUERY for the first greeting) with logins by SCRAM-SHA-256, as far as its documentation
/// goes for the commands that the module asks. It stands in for MongoDB, which neither Debian nor npm nor NuGet has. It remembers every
/// command it was sent.
/// </summary>
public sealed class MongoDbDouble : ProtocolServer
{
    private const int Message = 2013;
    private const int Query = 2004;
    private const int Reply = 1;
    private const int MoreToCome = 2;
    private const int ExhaustAllowed = 1 << 16;
    private static readonly string[] Open = ["hello", "isMaster", "ismaster", "saslStart", "saslContinue", "ping", "buildInfo", "endSessions", "connectionStatus", "getParameter", "atlasVersion"];

    private readonly ConcurrentQueue<(string Database, JsonObject Command)> _commands = new();
    private readonly ConcurrentDictionary<long, JsonObject> _connections = new();
    private readonly ConcurrentDictionary<long, Queue<JsonNode>> _cursors = new();
    private readonly string _process = ((long)(DateTime.UtcNow - DateTime.UnixEpoch).TotalSeconds - 3600).ToString("x8", CultureInfo.InvariantCulture) + "00112233445566778899"[..16];
    private long _lastConnection = 1000;
    private long _lastCursor = 5_000_000_000_000_000_007;

    /// <summary>Opens the port.</summary>
    /// <param name="certificate">Certificate, for a server that takes encrypted connections only; null for open ones.</param>
    public MongoDbDouble(TestCertificate? certificate = null)
        : base(certificate) => Listen();

    /// <summary>Users by <c>database.name</c>, with password and whether they have the role <c>clusterMonitor</c>; none for a server without logins.</summary>
    public ConcurrentDictionary<string, (string Password, bool IsMonitor)> Users { get; } = new(StringComparer.Ordinal);

    /// <summary><c>single</c>, <c>primary</c>, <c>secondary</c>, <c>arbiter</c>, <c>recovering</c>, <c>uninitialised</c> or <c>router</c>.</summary>
    public string Role { get; set; } = "single";

    /// <summary>Closes every connection before a word is said, as a server does that has too many.</summary>
    public bool IsFull { get; set; }

    /// <summary>Takes what it is sent and answers nothing.</summary>
    public bool IsFrozen { get; set; }

    /// <summary>Documents in one answer at most.</summary>
    public int BatchSize { get; set; } = 1000;

    /// <summary>Connections of others with what they run, as <c>$currentOp</c> shows them; <c>_since</c> is the start of what runs, <c>_stubborn</c> keeps it running when it is killed.</summary>
    public ConcurrentDictionary<long, JsonObject> Operations { get; } = new();

    /// <summary>Answer to <c>replSetGetStatus</c>.</summary>
    public JsonObject? ReplicaSet { get; set; }

    /// <summary>Storage figures of collections by <c>database.collection</c>.</summary>
    public ConcurrentDictionary<string, JsonObject> Collections { get; } = new(StringComparer.Ordinal);

    /// <summary>Level of the profiler by database.</summary>
    public ConcurrentDictionary<string, int> ProfilingLevels { get; } = new(StringComparer.Ordinal);

    /// <summary>Entries of the profiler by database.</summary>
    public ConcurrentDictionary<string, JsonArray> Profiles { get; } = new(StringComparer.Ordinal);

    /// <summary>Errors to answer commands with, by name.</summary>
    public ConcurrentDictionary<string, (int Code, string Message)> Refusals { get; } = new(StringComparer.Ordinal);

    /// <summary>Every command so far.</summary>
    public IReadOnlyList<(string Database, JsonObject Command)> Commands => [.. _commands];

    /// <summary>Names of all commands so far.</summary>
    public IReadOnlySet<string> CommandNames => _commands.Select(sent => sent.Command.First().Key).ToHashSet(StringComparer.Ordinal);

    /// <summary>Connections that are open now.</summary>
    public int OpenConnections => _connections.Count;

    /// <summary>Puts a connection of another client there.</summary>
    /// <param name="connection">Its number.</param>
    /// <param name="application">Its name.</param>
    /// <param name="operation">Number of what it runs; null for an idle one.</param>
    /// <param name="command">What it runs.</param>
    /// <param name="seconds">Since when.</param>
    /// <param name="catalog">Database in which it runs.</param>
    /// <returns>Its entry, to add to.</returns>
    public JsonObject AddOperation(long connection, string application, long? operation = null, JsonObject? command = null, double seconds = 10, string catalog = "shop")
    {
        var entry = new JsonObject
        {
            ["type"] = "op",
            ["host"] = "db1:27017",
            ["desc"] = $"conn{connection}",
            ["connectionId"] = connection,
            ["client"] = $"10.0.0.9:{40000 + (connection % 20000)}",
            ["appName"] = application,
            ["active"] = operation is not null,
            ["effectiveUsers"] = new JsonArray(new JsonObject { ["user"] = "shop_app", ["db"] = "admin" }),
        };
        if (operation is { } number)
        {
            var shown = command ?? new JsonObject { ["find"] = "orders", ["filter"] = new JsonObject { ["customer"] = 7 } };
            shown["$db"] = catalog;
            entry["opid"] = number;
            entry["op"] = "query";
            entry["ns"] = $"{catalog}.{(shown.First().Value is JsonValue value ? value : "$cmd")}";
            entry["command"] = shown;
            entry["planSummary"] = "COLLSCAN";
            entry["locks"] = new JsonObject { ["Global"] = "r", ["Collection"] = "r" };
            entry["waitingForLock"] = false;
            entry["_since"] = DateTime.UtcNow.AddSeconds(-seconds);
        }

        Operations[connection] = entry;
        return entry;
    }

    private protected override async Task ServeAsync(TcpClient client)
    {
        var id = Interlocked.Increment(ref _lastConnection);
        using var open = client;
        try
        {
            if (IsFull)
            {
                return;
            }

            Stream stream = client.GetStream();
            if (Certificate is not null)
            {
                var tls = new SslStream(stream);
                await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = Certificate }, Stopped);
                stream = tls;
            }

            await using var disposed = stream;
            _connections[id] = new JsonObject { ["type"] = "op", ["desc"] = $"conn{id}", ["connectionId"] = id, ["client"] = $"{client.Client.RemoteEndPoint}", ["active"] = false };
            await TalkAsync(stream, id);
        }
        catch (Exception error) when (error is IOException or SocketException or AuthenticationException or OperationCanceledException or ObjectDisposedException)
        {
            // The client has gone, or the test is over.
        }
        finally
        {
            _connections.TryRemove(id, out _);
        }
    }

    private async Task TalkAsync(Stream stream, long connection)
    {
        var login = new Login();
        while (true)
        {
            var head = new byte[16];
            await stream.ReadExactlyAsync(head, Stopped);
            var body = new byte[BinaryPrimitives.ReadInt32LittleEndian(head) - 16];
            await stream.ReadExactlyAsync(body, Stopped);
            if (IsFrozen)
            {
                continue;
            }

            var (request, operation) = (BinaryPrimitives.ReadInt32LittleEndian(head.AsSpan(4)), BinaryPrimitives.ReadInt32LittleEndian(head.AsSpan(12)));
            var command = ReadCommand(body, operation);
            var database = command["$db"]?.GetValue<string>() ?? "admin";
            _commands.Enqueue((database, command));
            // A driver's monitor asks once, and is told of news from then on, or after a time that there are none.
            var waits = command["maxAwaitTimeMS"] is { } patience && command["topologyVersion"] is not null ? TimeSpan.FromMilliseconds(patience.GetValue<int>()) : (TimeSpan?)null;
            var goesOn = waits is not null && operation == Message && (BinaryPrimitives.ReadInt32LittleEndian(body) & ExhaustAllowed) != 0;
            do
            {
                await Task.Delay(waits ?? TimeSpan.Zero, Stopped);
                await ReplyAsync(stream, request, operation, Bson.Write(TryAnswer(database, command, connection, login)), goesOn ? MoreToCome : 0);
            }
            while (goesOn);
        }
    }

    private async Task ReplyAsync(Stream stream, int request, int operation, byte[] answer, int flags)
    {
        byte[] before = operation == Query ? [8, 0, 0, 0, .. new byte[12], 1, 0, 0, 0] : [(byte)flags, 0, 0, 0, 0];
        var message = new byte[16 + before.Length + answer.Length];
        BinaryPrimitives.WriteInt32LittleEndian(message, message.Length);
        BinaryPrimitives.WriteInt32LittleEndian(message.AsSpan(8), request);
        BinaryPrimitives.WriteInt32LittleEndian(message.AsSpan(12), operation == Query ? Reply : Message);
        before.CopyTo(message, 16);
        answer.CopyTo(message, 16 + before.Length);
        await stream.WriteAsync(message, Stopped);
    }

    private static JsonObject ReadCommand(byte[] body, int operation)
    {
        using var reader = new BinaryReader(new MemoryStream(body));
        reader.ReadInt32();
        if (operation == Query)
        {
            while (reader.ReadByte() != 0)
            {
                // The name of the collection, which is always admin.$cmd.
            }

            reader.ReadInt64();
        }
        else
        {
            reader.ReadByte();
        }

        return Bson.Read(reader);
    }

    // A fault of the double must not look like one of the network.
    private JsonObject TryAnswer(string database, JsonObject command, long connection, Login login)
    {
        try
        {
            return Answer(database, command, connection, login);
        }
        catch (Exception error) when (error is InvalidOperationException or NullReferenceException or FormatException or KeyNotFoundException)
        {
            return Error(1, $"The double failed: {error}");
        }
    }

    private JsonObject Answer(string database, JsonObject command, long connection, Login login)
    {
        var name = command.First().Key;
        if (Refusals.TryGetValue(name, out var refusal))
        {
            return Error(refusal.Code, refusal.Message);
        }

        if (!Users.IsEmpty && login.User is null && !Open.Contains(name, StringComparer.Ordinal))
        {
            return Error(13, $"Command {name} requires authentication");
        }

        var isMonitor = Users.IsEmpty || (login.User is { } user && Users[user].IsMonitor);
        JsonObject answer = name switch
        {
            "hello" or "isMaster" or "ismaster" => Hello(command, connection, login),
            "saslStart" => SaslStart(database, command, login),
            "saslContinue" => SaslContinue(command, login),
            "ping" or "endSessions" => [],
            "buildInfo" => new JsonObject { ["version"] = "7.0.14", ["versionArray"] = new JsonArray(7, 0, 14, 0), ["modules"] = new JsonArray() },
            "serverStatus" or "replSetGetStatus" when !isMonitor => Error(13, $"not authorized on {database} to execute command {{ {name}: 1 }}"),
            "serverStatus" => ServerStatus(),
            "replSetGetStatus" when Role == "uninitialised" => Error(94, "no replset config has been received"),
            "replSetGetStatus" when ReplicaSet is null => Error(76, "not running with --replSet"),
            "replSetGetStatus" => ReplicaSet.DeepClone().AsObject(),
            "dbStats" => new JsonObject { ["db"] = database, ["storageSize"] = 700_000_000, ["indexSize"] = 300_000_000, ["totalSize"] = 1_000_000_000 },
            "listDatabases" => new JsonObject { ["databases"] = new JsonArray([.. Databases().Select(each => new JsonObject { ["name"] = each })]) },
            "listCollections" => Cursor(database, "$cmd.listCollections", Collections.Keys.Where(key => key.StartsWith(database + ".", StringComparison.Ordinal)).Select(key => Listed(key[(database.Length + 1)..]))),
            "aggregate" => Aggregate(database, command, connection, isMonitor),
            "find" => Cursor(database, command["find"]!.GetValue<string>(), command["find"]!.GetValue<string>() == "system.profile" ? Profiles.GetValueOrDefault(database, []).Select(each => each!.DeepClone()) : []),
            "getMore" => More(database, command),
            "profile" => new JsonObject { ["was"] = ProfilingLevels.GetValueOrDefault(database), ["slowms"] = 100, ["sampleRate"] = 1 },
            "killOp" => KillOp(command),
            _ => Error(59, $"no such command: '{name}'"),
        };
        answer.TryAdd("ok", 1);
        return answer;
    }

    private JsonObject Hello(JsonObject command, long connection, Login login)
    {
        if (command["client"]?["application"]?["name"] is { } application)
        {
            _connections[connection]["appName"] = application.GetValue<string>();
        }

        var primary = Role is "single" or "primary" or "router";
        var answer = new JsonObject
        {
            ["helloOk"] = true,
            [command.First().Key == "hello" ? "isWritablePrimary" : "ismaster"] = primary,
            ["topologyVersion"] = new JsonObject { ["processId"] = new JsonObject { ["$oid"] = _process }, ["counter"] = new JsonObject { ["$numberLong"] = "0" } },
            ["maxBsonObjectSize"] = 16 * 1024 * 1024,
            ["maxMessageSizeBytes"] = 48_000_000,
            ["maxWriteBatchSize"] = 100_000,
            ["localTime"] = new JsonObject { ["$date"] = DateTime.UtcNow },
            ["logicalSessionTimeoutMinutes"] = 30,
            ["connectionId"] = connection,
            ["minWireVersion"] = 0,
            ["maxWireVersion"] = 21,
            ["readOnly"] = false,
        };
        switch (Role)
        {
            case "router":
                answer["msg"] = "isdbgrid";
                break;
            case "uninitialised":
                answer["isreplicaset"] = true;
                answer["info"] = "Does not have a valid replica set config";
                break;
            case not "single":
                answer["setName"] = "rs0";
                answer["hosts"] = new JsonArray($"127.0.0.1:{Port}");
                answer["me"] = $"127.0.0.1:{Port}";
                answer["secondary"] = Role == "secondary";
                answer["arbiterOnly"] = Role == "arbiter";
                break;
        }

        if (command["saslSupportedMechs"] is not null)
        {
            answer["saslSupportedMechs"] = new JsonArray("SCRAM-SHA-256");
        }

        if (command["speculativeAuthenticate"] is JsonObject early)
        {
            answer["speculativeAuthenticate"] = SaslStart(early["db"]!.GetValue<string>(), early, login);
        }

        return answer;
    }

    private JsonObject SaslStart(string database, JsonObject command, Login login)
    {
        if (command["mechanism"]?.GetValue<string>() != "SCRAM-SHA-256")
        {
            return Error(334, "Mechanism is not enabled");
        }

        login.Database = database;
        login.Scram = new ScramServer(name => Users.TryGetValue($"{database}.{name}", out var user) ? user.Password : null);
        return Sasl(login.Scram.Begin(Payload(command)), isDone: false);
    }

    private static JsonObject SaslContinue(JsonObject command, Login login)
    {
        if (login.Scram?.End(Payload(command)) is not { } signature)
        {
            return Error(18, "Authentication failed.");
        }

        login.User = $"{login.Database}.{login.Scram.User}";
        return Sasl(signature, isDone: true);
    }

    private static string Payload(JsonObject command) => Encoding.UTF8.GetString(Convert.FromBase64String(command["payload"]!["$binary"]!["base64"]!.GetValue<string>()));

    private static JsonObject Sasl(string payload, bool isDone) => new()
    {
        ["conversationId"] = 1,
        ["done"] = isDone,
        ["payload"] = new JsonObject { ["$binary"] = new JsonObject { ["base64"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(payload)), ["subType"] = "00" } },
        ["ok"] = 1,
    };

    private JsonObject ServerStatus() => new()
    {
        ["host"] = "db1:27017",
        ["version"] = "7.0.14",
        ["process"] = "mongod",
        ["uptimeMillis"] = new JsonObject { ["$numberLong"] = "3600000" },
        ["connections"] = new JsonObject { ["current"] = Operations.Count + _connections.Count, ["available"] = 100 - Operations.Count - _connections.Count, ["active"] = 3, ["awaitingTopologyChanges"] = 1 },
        ["wiredTiger"] = new JsonObject { ["cache"] = new JsonObject { ["pages requested from the cache"] = 1_000_000, ["pages read into cache"] = 20_000 } },
    };

    private JsonObject Aggregate(string database, JsonObject command, long connection, bool isMonitor)
    {
        var pipeline = command["pipeline"]!.AsArray();
        var stage = pipeline[0]!.AsObject().First();
        if (stage.Key == "$collStats")
        {
            var name = $"{database}.{command["aggregate"]!.GetValue<string>()}";
            return Collections.TryGetValue(name, out var statistics)
                ? Cursor(database, command["aggregate"]!.GetValue<string>(), [new JsonObject { ["ns"] = name, ["storageStats"] = statistics.DeepClone() }])
                : Error(26, $"Collection [{name}] not found.");
        }

        var all = stage.Value!["allUsers"]!.GetValue<bool>();
        if (all && !isMonitor)
        {
            return Error(13, "not authorized on admin to execute command { aggregate: 1 }");
        }

        var own = _connections.Select(pair =>
        {
            var entry = pair.Value.DeepClone().AsObject();
            if (pair.Key == connection)
            {
                (entry["active"], entry["opid"], entry["op"], entry["ns"]) = (true, 999_999, "command", "admin.$cmd.aggregate");
                (entry["_since"], entry["command"]) = (DateTime.UtcNow, new JsonObject { ["aggregate"] = 1, ["$db"] = "admin" });
            }

            return entry;
        });
        var match = pipeline.Count > 1 ? pipeline[1]!["$match"]!.AsObject() : [];
        return Cursor("admin", "$cmd.aggregate", own.Concat(all ? Operations.Values.Select(entry => entry.DeepClone().AsObject()) : []).Select(Timed).Where(entry => Fits(entry, match)));
    }

    private static JsonObject Timed(JsonObject entry)
    {
        var now = DateTime.UtcNow;
        entry["currentOpTime"] = now.ToString("yyyy-MM-dd'T'HH:mm:ss.fff+00:00", CultureInfo.InvariantCulture);
        if (entry["_since"] is { } since)
        {
            entry["microsecs_running"] = new JsonObject { ["$numberLong"] = ((long)(now - since.GetValue<DateTime>()).TotalMicroseconds).ToString(CultureInfo.InvariantCulture) };
            entry["secs_running"] = (int)(now - since.GetValue<DateTime>()).TotalSeconds;
            entry.Remove("_since");
        }

        entry.Remove("_stubborn");
        return entry;
    }

    private static bool Fits(JsonObject entry, JsonObject match) => match.All(condition =>
        condition.Value is JsonObject { Count: 1 } test && test["$exists"] is not null
            ? entry.ContainsKey(condition.Key)
            : entry[condition.Key]?.GetValue<long>() == long.Parse(condition.Value!.ToJsonString(), CultureInfo.InvariantCulture));

    private JsonObject KillOp(JsonObject command)
    {
        var number = long.Parse(command["op"]!.ToJsonString(), CultureInfo.InvariantCulture);
        foreach (var entry in Operations.Values.Where(entry => entry["opid"]?.GetValue<long>() == number))
        {
            if (entry["_stubborn"] is null)
            {
                entry["active"] = false;
                foreach (var key in (string[])["opid", "op", "ns", "command", "_since", "planSummary"])
                {
                    entry.Remove(key);
                }
            }
        }

        return new JsonObject { ["info"] = "attempting to kill op" };
    }

    private IEnumerable<string> Databases() => Collections.Keys.Select(key => key.Split('.')[0]).Concat(ProfilingLevels.Keys).Append("admin").Append("local").Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);

    private static JsonObject Listed(string name) => new() { ["name"] = name, ["type"] = name.EndsWith("_view", StringComparison.Ordinal) ? "view" : "collection" };

    private JsonObject Cursor(string database, string collection, IEnumerable<JsonNode> documents)
    {
        var all = new Queue<JsonNode>(documents);
        var first = Take(all);
        var id = all.Count == 0 ? 0 : Interlocked.Increment(ref _lastCursor);
        if (id != 0)
        {
            _cursors[id] = all;
        }

        return new JsonObject { ["cursor"] = new JsonObject { ["id"] = new JsonObject { ["$numberLong"] = id.ToString(CultureInfo.InvariantCulture) }, ["ns"] = $"{database}.{collection}", ["firstBatch"] = first } };
    }

    private JsonObject More(string database, JsonObject command)
    {
        if (!command["getMore"]!.AsValue().TryGetValue<long>(out var id))
        {
            return Error(14, "BSON field 'getMore.getMore' is the wrong type, expected type 'long'");
        }

        if (!_cursors.TryGetValue(id, out var rest))
        {
            return Error(43, $"cursor id {id} not found");
        }

        var batch = Take(rest);
        return new JsonObject
        {
            ["cursor"] = new JsonObject { ["id"] = new JsonObject { ["$numberLong"] = rest.Count == 0 ? "0" : id.ToString(CultureInfo.InvariantCulture) }, ["ns"] = $"{database}.{command["collection"]}", ["nextBatch"] = batch },
        };
    }

    private JsonArray Take(Queue<JsonNode> documents)
    {
        var batch = new JsonArray();
        while (batch.Count < BatchSize && documents.TryDequeue(out var next))
        {
            batch.Add(next);
        }

        return batch;
    }

    private static JsonObject Error(int code, string message) => new() { ["ok"] = 0, ["errmsg"] = message, ["code"] = code, ["codeName"] = $"Code{code}" };

    private sealed class Login
    {
        public ScramServer? Scram { get; set; }

        public string Database { get; set; } = string.Empty;

        public string? User { get; set; }
    }
}
