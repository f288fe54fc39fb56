namespace OpsRunbook;

/// <summary>What trying to use a database came to: how far it got, how long each phase took, and what to do when it failed.</summary>
public sealed class DbConnectionTest
{
    /// <summary>Critical when the database cannot be used, Warning when it is close to its limit, Unknown when it could not be tried.</summary>
    public required HealthStatus Status { get; init; }

    /// <summary>Name of the database in the stack, or its address.</summary>
    public required string Database { get; init; }

    /// <summary>Kind of server.</summary>
    public required DatabaseEngine Engine { get; init; }

    /// <summary>Server as seen from <see cref="Host"/>: <c>host:port</c>, or the path of a socket.</summary>
    public required string Server { get; init; }

    /// <summary>Host from which it was tried: the stack's name for it, or <c>local</c>.</summary>
    public required string Host { get; init; }

    /// <summary>One line: the cause when it is not healthy, else the reading.</summary>
    public required string Message { get; init; }

    /// <summary>Stable identifier of the cause, such as <c>Db.LoginRefused</c>; null when healthy.</summary>
    public string? Reason { get; init; }

    /// <summary>What to do about it; null when there is nothing useful to say.</summary>
    public string? NextStep { get; init; }

    /// <summary>Database of the server to log in to; null for the engine's own.</summary>
    public string? Catalog { get; init; }

    /// <summary>User to log in as; null when none is configured, and the login was not tried.</summary>
    public string? User { get; init; }

    /// <summary>Name and version of the server, as far as it said them; null when it did not answer.</summary>
    public string? Product { get; init; }

    /// <summary>Role in a replication, such as <c>replica</c>; null for none.</summary>
    public string? Role { get; init; }

    /// <summary>Version of TLS that the login used, such as <c>TLSv1.3</c>; null when it was not encrypted, or there was no login.</summary>
    public string? Tls { get; init; }

    /// <summary>Client connections; null without login.</summary>
    public int? Connections { get; init; }

    /// <summary>Connections that the server takes at most; null without login.</summary>
    public int? MaximumConnections { get; init; }

    /// <summary>Name resolution; null when the host resolves by itself (SSH, container), when there was nothing to resolve, or when it came to nothing.</summary>
    public TimeSpan? Dns { get; init; }

    /// <summary>TCP connection, or that to the socket; null when it came to nothing.</summary>
    public TimeSpan? Connect { get; init; }

    /// <summary>TLS and login; null when it came to nothing. For MySQL and MariaDB with the start of the client program.</summary>
    public TimeSpan? LogIn { get; init; }

    /// <summary>A trivial query; null when it came to nothing.</summary>
    public TimeSpan? Query { get; init; }

    /// <summary>Everything, until the answer or the failure.</summary>
    public required TimeSpan Total { get; init; }

    /// <summary>When the test ended, UTC.</summary>
    public DateTime CheckedAt { get; init; } = DateTime.UtcNow;

    /// <inheritdoc/>
    public override string ToString() => $"{Database} {Status}: {Message}";
}
