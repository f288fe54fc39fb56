namespace OpsRunbook;

/// <summary>
/// A session of a database. Number and start together say which one it is; <c>Stop-DbSession</c> checks both again.
/// What the server does not show to this user is null.
/// </summary>
public sealed class DbSession
{
    /// <summary>What it does.</summary>
    public required DbSessionState State { get; init; }

    /// <summary>What it is there for.</summary>
    public required DbSessionKind Kind { get; init; }

    /// <summary>Number of the session: process id (PostgreSQL), connection id (MySQL, MariaDB, MongoDB).</summary>
    public required long Id { get; init; }

    /// <summary>Name of the database in the stack, or its address.</summary>
    public required string Database { get; init; }

    /// <summary>Kind of server.</summary>
    public required DatabaseEngine Engine { get; init; }

    /// <summary>Number of the operation that it runs, 0 for none (MongoDB); null for other engines.</summary>
    public long? OperationId { get; init; }

    /// <summary>When the session began, UTC; null where the server does not keep it (MySQL, MariaDB, MongoDB).</summary>
    public DateTime? StartedAt { get; init; }

    /// <summary>When the server began, UTC: a number means another session after a restart.</summary>
    public DateTime? ServerStartedAt { get; init; }

    /// <summary>Since when it is in its state, UTC.</summary>
    public DateTime? StateSince { get; init; }

    /// <summary>User that it logged in as.</summary>
    public string? User { get; init; }

    /// <summary>Name that the application gave itself.</summary>
    public string? Application { get; init; }

    /// <summary>Address and port of the client; <c>socket</c> for one on the server itself.</summary>
    public string? Address { get; init; }

    /// <summary>Database of the server that it uses.</summary>
    public string? Catalog { get; init; }

    /// <summary>How long its statement has been running; null when it runs none.</summary>
    public TimeSpan? Running { get; init; }

    /// <summary>How long it has been waiting for its client; null when it does not.</summary>
    public TimeSpan? Idle { get; init; }

    /// <summary>Age of its transaction; null without one.</summary>
    public TimeSpan? Transaction { get; init; }

    /// <summary>What it waits for, in the server's words; null for nothing.</summary>
    public string? Wait { get; init; }

    /// <summary>Sessions whose locks it waits for.</summary>
    public IReadOnlyList<long> BlockedBy { get; init; } = [];

    /// <summary>The statement that it runs, or ran last, as far as the server keeps it. Literals of one that may hold a password are replaced by <c>?</c>.</summary>
    public string? Query { get; init; }

    /// <summary>State in the server's own words: <c>idle in transaction (aborted)</c>, <c>Sending data</c>.</summary>
    public string? ServerState { get; init; }

    /// <summary>When it was looked at, UTC.</summary>
    public DateTime CheckedAt { get; init; } = DateTime.UtcNow;

    /// <inheritdoc/>
    public override string ToString() => $"{Database} {Id} {State}";
}
