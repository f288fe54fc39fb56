namespace OpsRunbook;

/// <summary>An entry of a cache's slow log.</summary>
public sealed class CacheSlowCommand
{
    /// <summary>Number of the entry; grows as long as the server runs.</summary>
    public required long Id { get; init; }

    /// <summary>When the command ran, UTC by the server's clock, to the second.</summary>
    public required DateTime Time { get; init; }

    /// <summary>How long the server worked on it. Waiting in the queue and the network are not part of it.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>Command with its keys. Values, passwords and whatever may be one stand as <c>***</c>.</summary>
    public required string Command { get; init; }

    /// <summary>Address of the client; empty when the server does not say.</summary>
    public string Client { get; init; } = string.Empty;

    /// <summary>Name that the client gave itself; empty for none.</summary>
    public string ClientName { get; init; } = string.Empty;

    /// <summary>Name of the cache in the stack, or its address.</summary>
    public required string Cache { get; init; }

    /// <summary>Server, <c>host:port</c>.</summary>
    public required string Node { get; init; }
}
