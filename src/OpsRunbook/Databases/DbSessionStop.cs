namespace OpsRunbook;

/// <summary>What stopping a session has done, and what the session did.</summary>
public sealed class DbSessionStop
{
    /// <summary>Healthy when it was stopped, Warning when its transaction is still open, Critical when it still runs.</summary>
    public required HealthStatus Status { get; init; }

    /// <summary>What became of it.</summary>
    public required DbSessionOutcome Outcome { get; init; }

    /// <summary>Number of the session.</summary>
    public required long Id { get; init; }

    /// <summary>Name of the database in the stack, or its address.</summary>
    public required string Database { get; init; }

    /// <summary>What there is to say, in a sentence.</summary>
    public required string Message { get; init; }

    /// <summary>What it was there for.</summary>
    public required DbSessionKind Kind { get; init; }

    /// <summary>What it did before.</summary>
    public required DbSessionState State { get; init; }

    /// <summary>When the session began, UTC; null where the server does not keep it.</summary>
    public DateTime? StartedAt { get; init; }

    /// <summary>User that it was logged in as.</summary>
    public string? User { get; init; }

    /// <summary>Name that the application gave itself.</summary>
    public string? Application { get; init; }

    /// <summary>Address and port of the client.</summary>
    public string? Address { get; init; }

    /// <summary>Database of the server that it used.</summary>
    public string? Catalog { get; init; }

    /// <summary>Its statement; every literal is replaced by <c>?</c>.</summary>
    public string? Query { get; init; }

    /// <summary>Locks that it held, in the server's words.</summary>
    public IReadOnlyList<string> Locks { get; init; } = [];

    /// <summary>Sessions that waited for it.</summary>
    public IReadOnlyList<long> Blocked { get; init; } = [];

    /// <summary>Age of its transaction; null without one.</summary>
    public TimeSpan? Transaction { get; init; }

    /// <summary>How long the stopping took.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>When it was stopped, UTC.</summary>
    public DateTime StoppedAt { get; init; } = DateTime.UtcNow;

    /// <inheritdoc/>
    public override string ToString() => $"{Database} {Id} {Outcome}: {Message}";
}
