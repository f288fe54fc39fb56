namespace OpsRunbook;

/// <summary>The health of one member of the stack at one moment.</summary>
public sealed class ServiceHealth
{
    /// <summary>The worst status of <see cref="Checks"/>.</summary>
    public required HealthStatus Status { get; init; }

    /// <summary>Name of the member in the stack.</summary>
    public required string Name { get; init; }

    /// <summary>What it is.</summary>
    public required MemberKind Kind { get; init; }

    /// <summary>Host it runs on: the stack's name for it, or <c>local</c>.</summary>
    public string Host { get; init; } = "local";

    /// <summary>Name of the stack; for a discovered one the machine's name.</summary>
    public string Stack { get; init; } = string.Empty;

    /// <summary>One line: the worst finding, or the reading that matters when all is well.</summary>
    public required string Message { get; init; }

    /// <summary>
    /// Name of the member that is the root cause: a direct or indirect dependency that is itself critical.
    /// Null when the fault, if any, is the member's own.
    /// </summary>
    public string? CausedBy { get; init; }

    /// <summary>How long the slowest network check took to answer; null when none was made.</summary>
    public TimeSpan? Latency { get; init; }

    /// <summary>Every check that was made, the failed ones included.</summary>
    public IReadOnlyList<CheckResult> Checks { get; init; } = [];

    /// <summary>When the last of the checks ended, UTC.</summary>
    public DateTime CheckedAt { get; init; } = DateTime.UtcNow;

    /// <inheritdoc/>
    public override string ToString() => $"{Name} {Status}: {Message}";
}
