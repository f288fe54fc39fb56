namespace OpsRunbook;

/// <summary>A maintenance window of a stack: planned, open, or over.</summary>
public sealed class MaintenanceWindow
{
    /// <summary>
    /// <see cref="HealthStatus.Warning"/> when it has outlived its end, was not begun at its time, was interrupted, or when a step failed;
    /// <see cref="HealthStatus.Critical"/> when its end was refused because something is not well.
    /// </summary>
    public required HealthStatus Status { get; init; }

    /// <summary>How far it is.</summary>
    public required MaintenanceWindowState State { get; init; }

    /// <summary>Its id.</summary>
    public required string Id { get; init; }

    /// <summary>Stack that it is for.</summary>
    public required string Stack { get; init; }

    /// <summary>What it is for.</summary>
    public required string Title { get; init; }

    /// <summary>Begin, UTC; of one that recurs, that of the next time.</summary>
    public required DateTime Begin { get; init; }

    /// <summary>Announced end, UTC. Silences of alerts end then by themselves.</summary>
    public required DateTime End { get; init; }

    /// <summary>Rule by which it recurs: <c>weekly on Sunday</c>; null when it does not.</summary>
    public string? Repeat { get; init; }

    /// <summary>Time zone in which it was planned, an IANA name; null when it was begun without a plan.</summary>
    public string? TimeZone { get; init; }

    /// <summary>When work could begin, UTC; null before.</summary>
    public DateTime? OpenedAt { get; init; }

    /// <summary>When it ended, UTC; null before.</summary>
    public DateTime? ClosedAt { get; init; }

    /// <summary>From <see cref="OpenedAt"/> to <see cref="ClosedAt"/>, or until now; null before. Never negative, also when a clock was set back.</summary>
    public TimeSpan? Duration { get; init; }

    /// <summary>Who began or planned it.</summary>
    public required string User { get; init; }

    /// <summary>Machine on which that was done.</summary>
    public required string Machine { get; init; }

    /// <summary>Where it stands, and what to do next, in a sentence.</summary>
    public required string Message { get; init; }

    /// <summary>Reason that the operator gave; null when there was none.</summary>
    public string? Reason { get; init; }

    /// <summary>Its steps in their order, those that end it included.</summary>
    public IReadOnlyList<MaintenanceStep> Steps { get; init; } = [];

    /// <summary>What the stack wants noted before anything is changed, in words.</summary>
    public IReadOnlyList<string> Record { get; init; } = [];

    /// <summary>Tests that a person makes before the end, in words.</summary>
    public IReadOnlyList<string> ManualTests { get; init; } = [];

    /// <summary>What was found while the stack was watched afterwards; empty when all was well, or when it was not watched.</summary>
    public IReadOnlyList<ServiceHealth> Findings { get; init; } = [];

    /// <inheritdoc/>
    public override string ToString() => $"{Id} {State}: {Title}";
}
