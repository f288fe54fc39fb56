namespace OpsRunbook;

/// <summary>What an action did to a service.</summary>
public sealed class ServiceChange
{
    /// <summary><see cref="HealthStatus.Healthy"/> when the service is as it was wanted, <see cref="HealthStatus.Critical"/> when not, <see cref="HealthStatus.Unknown"/> when that is not known.</summary>
    public required HealthStatus Status { get; init; }

    /// <summary>Name in the stack.</summary>
    public required string Name { get; init; }

    /// <summary>What was done.</summary>
    public required ServiceAction Action { get; init; }

    /// <summary>How it ended.</summary>
    public required ServiceOutcome Outcome { get; init; }

    /// <summary>What runs it.</summary>
    public required ServiceManagerKind Manager { get; init; }

    /// <summary>Host it runs on: the stack's name for it, or <c>local</c>.</summary>
    public required string Host { get; init; }

    /// <summary>Name of the stack.</summary>
    public required string Stack { get; init; }

    /// <summary>What happened, in a sentence.</summary>
    public required string Message { get; init; }

    /// <summary>From the beginning of the action to its end, waiting included.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>Health before; null when it was not looked at.</summary>
    public ServiceHealth? Before { get; init; }

    /// <summary>Health after; null when it was not looked at.</summary>
    public ServiceHealth? After { get; init; }

    /// <summary>Instances before; null when not known.</summary>
    public int? InstancesBefore { get; init; }

    /// <summary>Instances after; null when not known.</summary>
    public int? InstancesAfter { get; init; }

    /// <summary>How it was drained, in a sentence; null when no drain is defined.</summary>
    public string? Drain { get; init; }

    /// <summary>What a failed service left behind; null when it did not fail.</summary>
    public ServiceEvidence? Evidence { get; init; }

    /// <summary>When the action began, UTC.</summary>
    public required DateTime StartedAt { get; init; }
}
