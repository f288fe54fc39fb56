namespace OpsRunbook;

/// <summary>A step of a maintenance window.</summary>
public sealed class MaintenanceStep
{
    /// <summary><see cref="HealthStatus.Healthy"/> when it was done or is to come, <see cref="HealthStatus.Critical"/> when it failed, <see cref="HealthStatus.Unknown"/> when no end was recorded.</summary>
    public required HealthStatus Status { get; init; }

    /// <summary>How far it is.</summary>
    public required MaintenanceStepState State { get; init; }

    /// <summary>What is done: <c>Announce begin</c>, <c>Maintenance mode on</c>, <c>Stop</c>.</summary>
    public required string Action { get; init; }

    /// <summary>To what: a channel, a web server, a service.</summary>
    public required string Target { get; init; }

    /// <summary>Begin, UTC; null when it has not begun.</summary>
    public DateTime? StartedAt { get; init; }

    /// <summary>How long it took; null when no end was recorded. Never negative, also when a clock was set back.</summary>
    public TimeSpan? Took { get; init; }

    /// <summary>What came of it; empty for nothing.</summary>
    public string Message { get; init; } = string.Empty;

    /// <inheritdoc/>
    public override string ToString() => $"{Action} {Target}: {State}";
}
