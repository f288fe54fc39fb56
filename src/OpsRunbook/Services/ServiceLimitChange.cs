namespace OpsRunbook;

/// <summary>A changed limit of a service, with the way back: pipe it to <c>Set-OpsServiceLimit -Undo</c>.</summary>
public sealed class ServiceLimitChange
{
    /// <summary><see cref="HealthStatus.Healthy"/> when the limit is in effect, <see cref="HealthStatus.Critical"/> when not.</summary>
    public required HealthStatus Status { get; init; }

    /// <summary>Name in the stack.</summary>
    public required string Name { get; init; }

    /// <summary>What runs it.</summary>
    public required ServiceManagerKind Manager { get; init; }

    /// <summary>Host it runs on: the stack's name for it, or <c>local</c>.</summary>
    public required string Host { get; init; }

    /// <summary>Name of the stack.</summary>
    public required string Stack { get; init; }

    /// <summary>Memory limit of each instance now, bytes; null for none.</summary>
    public long? MemoryLimitBytes { get; init; }

    /// <summary>Memory limit before, bytes; null for none.</summary>
    public long? PreviousMemoryLimitBytes { get; init; }

    /// <summary>CPU limit of each instance now, cores; null for none.</summary>
    public double? CpuLimit { get; init; }

    /// <summary>CPU limit before, cores; null for none.</summary>
    public double? PreviousCpuLimit { get; init; }

    /// <summary>The limit outlives a restart of the service and of the machine.</summary>
    public required bool IsPersistent { get; init; }

    /// <summary>The service had to be restarted for it.</summary>
    public required bool WasRestarted { get; init; }

    /// <summary>What there is to say, in a sentence.</summary>
    public required string Message { get; init; }

    /// <summary>When it was changed, UTC.</summary>
    public required DateTime ChangedAt { get; init; }
}
