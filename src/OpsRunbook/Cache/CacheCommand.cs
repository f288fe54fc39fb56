namespace OpsRunbook;

/// <summary>A command that a cache carried out while it was watched.</summary>
public sealed class CacheCommand
{
    /// <summary>When it was carried out, UTC by the server's clock.</summary>
    public required DateTime Time { get; init; }

    /// <summary>Name of the command, in capitals.</summary>
    public required string Name { get; init; }

    /// <summary>Command with its keys. Values, passwords and whatever may be one stand as <c>***</c>.</summary>
    public required string Command { get; init; }

    /// <summary>Address of the client; <c>lua</c> for a command out of a script.</summary>
    public required string Client { get; init; }

    /// <summary>Number of the database.</summary>
    public required int Database { get; init; }

    /// <summary>Name of the cache in the stack, or its address.</summary>
    public required string Cache { get; init; }

    /// <summary>Server, <c>host:port</c>.</summary>
    public required string Node { get; init; }
}
