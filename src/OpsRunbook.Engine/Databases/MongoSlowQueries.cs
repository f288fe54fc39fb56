using System.Text.Json;
using System.Text.Json.Nodes;

namespace OpsRunbook.Engine.Databases;

/// <summary>Slow operations of MongoDB from its profiler, which writes them into <c>system.profile</c> of each database.</summary>
/// <param name="name">Name of the database in the stack.</param>
/// <param name="target">Where it is.</param>
/// <param name="limit">What takes longer on average is slow.</param>
internal sealed class MongoSlowQueries(string name, DatabaseTarget target, TimeSpan limit) : IDatabaseSlowQueries
{
    private const string Profile = "system.profile";

    // The rest of an entry, such as its plan, is many times as long.
    private static readonly string[] Fields =
        ["ts", "op", "ns", "command", "originatingCommand", "millis", "nreturned", "ninserted", "nModified", "ndeleted", "docsExamined", "user", "appName", "queryHash", "planCacheShapeHash"];

    /// <inheritdoc/>
    public Task<IReadOnlyList<DbSlowQuery>> ReadAsync(bool allDatabases, CancellationToken cancellationToken) => target.WithinAsync(
        async token =>
        {
            await using var session = await MongoSession.OpenAsync(target, token);
            return await ReadAsync(session, allDatabases, token);
        },
        cancellationToken);

    private async Task<IReadOnlyList<DbSlowQuery>> ReadAsync(MongoSession session, bool allDatabases, CancellationToken cancellationToken)
    {
        if (session.Hello.Role == "router")
        {
            return [Missing("A router (mongos) has no profiler.", "Ask the members of the shards, each by its own address.")];
        }

        var databases = allDatabases || target.Database.Database is null ? await MongoTables.DatabasesAsync(session, cancellationToken) : [target.Database.Database];
        var forms = new Dictionary<(string Query, string Catalog), (SlowQueryForm Form, DateTime? Since)>();
        var profiled = new List<string>();
        foreach (var database in databases)
        {
            IReadOnlyList<JsonElement> entries;
            try
            {
                entries = await session.ListAsync(database, Question(), cancellationToken);
                if (entries.Count > 0 || (await session.RunAsync(database, new JsonObject { ["profile"] = -1 }, cancellationToken)).Number("was") > 0)
                {
                    profiled.Add(database);
                }
            }
            catch (OpsException error) when (error.Id == "Db.Forbidden")
            {
                return [Missing($"'{target.User}' may not read the profile of '{database}': {error.Message}", $"Grant it dbAdmin on '{database}', or use -Credential of a user who has it.")];
            }

            DateTime? since = null;
            foreach (var entry in entries.Where(entry => entry.Text("appName")?.StartsWith("OpsRunbook ", StringComparison.Ordinal) != true))
            {
                since ??= entry.Moment("ts");
                if (MongoText.Show(entry) is { } query)
                {
                    var key = (MongoText.Fold(query), database);
                    if (!forms.TryGetValue(key, out var form))
                    {
                        form = (new SlowQueryForm(entry.Text("user"), limit) { QueryId = entry.Text("planCacheShapeHash") ?? entry.Text("queryHash") }, since);
                        forms[key] = form;
                    }

                    form.Form.Add(
                        TimeSpan.FromMilliseconds(entry.Number("millis") ?? 0),
                        Fields[6..10].Sum(field => entry.Number(field) ?? 0),
                        entry.Number("docsExamined") ?? 0);
                }
            }
        }

        return profiled.Count == 0
            ? [Missing(
                $"The server keeps no figures: the profiler of {(databases is [var only] ? $"'{only}'" : "every database")} is off.",
                "In mongosh, in that database: db.setProfilingLevel(1, { slowms: 100 }) has it note what takes longer than 100 ms, db.setProfilingLevel(0) ends that. What runs now is shown by Get-DbSession -RunningFor 1s.")]
            : forms.Select(pair => pair.Value.Form.ToQuery(name, DatabaseEngine.MongoDb, $"{Profile} of {pair.Key.Catalog}", pair.Key.Query, pair.Key.Catalog, pair.Value.Since)).ToList();
    }

    private static JsonObject Question() => new()
    {
        ["find"] = Profile,
        ["projection"] = new JsonObject(Fields.Select(field => KeyValuePair.Create(field, (JsonNode?)JsonValue.Create(1)))),
        ["sort"] = new JsonObject { ["$natural"] = 1 },
    };

    private DbSlowQuery Missing(string message, string nextStep) => new()
    {
        Status = HealthStatus.Unknown,
        Database = name,
        Engine = DatabaseEngine.MongoDb,
        Source = "profiler",
        Query = message,
        NextStep = nextStep,
    };
}
