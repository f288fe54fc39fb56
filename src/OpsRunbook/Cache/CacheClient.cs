namespace OpsRunbook;

/// <summary>A client of a cache. Carries what <c>Stop-CacheClient</c> checks again.</summary>
public sealed class CacheClient
{
    /// <summary>Number of the connection; never given twice as long as the server runs.</summary>
    public required long Id { get; init; }

    /// <summary>Address of the client, <c>host:port</c>.</summary>
    public required string Address { get; init; }

    /// <summary>Name that the client gave itself; empty for none.</summary>
    public string ClientName { get; init; } = string.Empty;

    /// <summary>User that it logged in as; empty when the server does not say.</summary>
    public string User { get; init; } = string.Empty;

    /// <summary>What it is: <c>normal</c>, <c>replica</c>, <c>master</c>, <c>pubsub</c>, <c>monitor</c>.</summary>
    public required string Type { get; init; }

    /// <summary>It waits in a blocking command such as <c>BLPOP</c>.</summary>
    public bool IsBlocked { get; init; }

    /// <summary>Time since it connected.</summary>
    public required TimeSpan Age { get; init; }

    /// <summary>Time since its last command.</summary>
    public required TimeSpan Idle { get; init; }

    /// <summary>Last command, without its arguments.</summary>
    public string Command { get; init; } = string.Empty;

    /// <summary>Memory that the server uses for it, bytes; null when the server does not say.</summary>
    public long? Bytes { get; init; }

    /// <summary>Number of the database it works in.</summary>
    public int Database { get; init; }

    /// <summary>Run id of the server, which changes with each start; null when it may not be read.</summary>
    public string? ServerRun { get; init; }

    /// <summary>Name of the cache in the stack, or its address.</summary>
    public required string Cache { get; init; }

    /// <summary>Server, <c>host:port</c>.</summary>
    public required string Node { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Id} {Address}";
}
