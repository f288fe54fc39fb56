using System.Text.Json;
using System.Text.Json.Nodes;

namespace OpsRunbook.Engine.Databases;

/// <summary>The collections of MongoDB.</summary>
/// <param name="member">The database.</param>
/// <param name="target">Where it is.</param>
internal sealed class MongoTables(DatabaseMember member, DatabaseTarget target) : IDatabaseTables
{
    private static readonly string[] SystemDatabases = ["admin", "config", "local"];

    /// <summary>The databases of a server, without its own.</summary>
    /// <param name="session">A session.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>Their names.</returns>
    public static async Task<IReadOnlyList<string>> DatabasesAsync(MongoSession session, CancellationToken cancellationToken) =>
        (await session.RunAsync("admin", new JsonObject { ["listDatabases"] = 1, ["nameOnly"] = true }, cancellationToken)).Items("databases")
            .Select(database => database.Text("name"))
            .OfType<string>()
            .Except(SystemDatabases, StringComparer.Ordinal)
            .ToList();

    /// <inheritdoc/>
    public async Task<IReadOnlyList<DbTable>> ReadTablesAsync(CancellationToken cancellationToken)
    {
        await using var session = await MongoSession.OpenAsync(target, cancellationToken);
        var databases = target.Database.Database is { } one ? [one] : await DatabasesAsync(session, cancellationToken);
        var tables = new List<DbTable>();
        foreach (var database in databases)
        {
            var collections = await session.ListAsync(database, new JsonObject { ["listCollections"] = 1, ["nameOnly"] = true, ["authorizedCollections"] = true }, cancellationToken);
            foreach (var collection in collections)
            {
                if (collection.Text("name") is { } name && collection.Text("type") != "view" && !name.StartsWith("system.", StringComparison.Ordinal)
                    && await StatisticsAsync(session, database, name, cancellationToken) is { Count: > 0 } parts)
                {
                    tables.Add(ToTable(database, name, parts));
                }
            }
        }

        return tables
            .OrderByDescending(table => table.SizeBytes)
            .ThenBy(table => table.Schema, StringComparer.Ordinal)
            .ThenBy(table => table.Table, StringComparer.Ordinal)
            .ToList();
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<DbIndex>> ReadIndexesAsync(TimeSpan minimumAge, CancellationToken cancellationToken) => throw DatabaseAdapters.NotSupported(member);

    // One for each shard that holds a part of it; none when it was dropped meanwhile.
    private static async Task<IReadOnlyList<JsonElement>> StatisticsAsync(MongoSession session, string database, string collection, CancellationToken cancellationToken)
    {
        var statistics = new JsonObject { ["$collStats"] = new JsonObject { ["storageStats"] = new JsonObject { ["scale"] = 1 } } };
        try
        {
            var found = await session.ListAsync(database, new JsonObject { ["aggregate"] = collection, ["pipeline"] = new JsonArray(statistics) }, cancellationToken);
            return found.Select(part => part.Member("storageStats")).OfType<JsonElement>().ToList();
        }
        catch (OpsException error) when (error.Id == "Db.DatabaseMissing")
        {
            return [];
        }
    }

    private DbTable ToTable(string database, string name, IReadOnlyList<JsonElement> parts)
    {
        long data = Sum("storageSize"), indexes = Sum("totalIndexSize");
        long? free = parts.All(part => part.Number("freeStorageSize") is not null) ? Sum("freeStorageSize") : null;
        return new DbTable
        {
            Database = member.Name,
            Catalog = database,
            Schema = database,
            Table = name,
            Id = $"{database}.{name}",
            Engine = parts.All(part => part.Member("wiredTiger") is not null) ? "WiredTiger" : "unknown",
            SizeBytes = data + indexes,
            TableBytes = data,
            IndexBytes = indexes,
            Rows = Sum("count"),
            BloatBytes = free,
            BloatPercent = free is { } bytes && data > 0 ? Math.Round(100.0 * bytes / data, 1) : null,
            BloatMethod = free is null ? null : "freeStorageSize",
            BloatTrust = free is null ? DbEstimateTrust.None : DbEstimateTrust.Medium,
            BloatNote = free is null ? null : "free blocks of its file, which new documents use first; blocks that are half empty are not counted",
            Host = member.HostName,
        };

        long Sum(string field) => parts.Sum(part => part.Number(field) ?? 0);
    }
}
