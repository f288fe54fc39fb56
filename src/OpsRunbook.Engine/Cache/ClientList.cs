using System.Globalization;

namespace OpsRunbook.Engine.Cache;

/// <summary>The clients of a server.</summary>
public static class ClientList
{
    /// <summary>Reads the clients, without our own connection.</summary>
    /// <param name="server">The server.</param>
    /// <param name="id">Only this one; null for all.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The clients, oldest first.</returns>
    /// <exception cref="OpsException">The user may not.</exception>
    public static async Task<IReadOnlyList<CacheClient>> ReadAsync(CacheServer server, long? id, CancellationToken cancellationToken)
    {
        var replies = await server.Connection.PipelineAsync([new RedisCommand("CLIENT", "ID"), new RedisCommand("CLIENT", "LIST")], cancellationToken);
        return replies[1].IsError
            ? throw RedisErrors.FromReply(replies[1], "CLIENT LIST", server.Node)
            : replies[1].Text.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => Parse(line, server))
                .Where(client => client.Id != replies[0].Integer && (id is null || client.Id == id))
                .ToList();
    }

    private static CacheClient Parse(string line, CacheServer server)
    {
        var fields = line.TrimEnd('\r').Split(' ').Select(field => field.Split('=', 2)).Where(field => field.Length == 2)
            .GroupBy(field => field[0], StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.First()[1], StringComparer.Ordinal);
        var flags = fields.GetValueOrDefault("flags") ?? string.Empty;
        return new CacheClient
        {
            Id = Number(fields, "id") ?? 0,
            Address = fields.GetValueOrDefault("addr") ?? string.Empty,
            ClientName = fields.GetValueOrDefault("name") ?? string.Empty,
            User = fields.GetValueOrDefault("user") ?? string.Empty,
            Type = flags.Contains('M', StringComparison.Ordinal) ? "master"
                : flags.Contains('O', StringComparison.Ordinal) ? "monitor"
                : flags.Contains('S', StringComparison.Ordinal) ? "replica"
                : flags.Contains('P', StringComparison.Ordinal) ? "pubsub"
                : "normal",
            IsBlocked = flags.Contains('b', StringComparison.Ordinal),
            Age = TimeSpan.FromSeconds(Number(fields, "age") ?? 0),
            Idle = TimeSpan.FromSeconds(Number(fields, "idle") ?? 0),
            Command = fields.GetValueOrDefault("cmd") ?? string.Empty,
            Bytes = Number(fields, "tot-mem"),
            Database = (int)(Number(fields, "db") ?? 0),
            ServerRun = server.RunId,
            Cache = server.Target.Name,
            Node = server.Node,
        };
    }

    private static long? Number(Dictionary<string, string> fields, string name) =>
        long.TryParse(fields.GetValueOrDefault(name), NumberStyles.Integer, CultureInfo.InvariantCulture, out var value) ? value : null;
}
