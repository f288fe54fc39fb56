namespace OpsRunbook.Engine.Maintenance;

/// <summary>A step as it is remembered.</summary>
/// <param name="Action">What is done; one of <see cref="WindowActions"/>.</param>
/// <param name="Target">To what.</param>
internal sealed record WindowStep(string Action, string Target)
{
    /// <summary>How far it is. It is written before the step is done and after.</summary>
    public MaintenanceStepState State { get; init; }

    /// <summary>Begin, UTC; null when it has not begun.</summary>
    public DateTime? StartedAt { get; init; }

    /// <summary>End, UTC; null when it has not ended.</summary>
    public DateTime? EndedAt { get; init; }

    /// <summary>What came of it; null for nothing.</summary>
    public string? Message { get; init; }

    /// <summary>What its undoing needs to know, by name.</summary>
    public IReadOnlyDictionary<string, string?> Data { get; init; } = new Dictionary<string, string?>();

    /// <summary>It may have done something: also when it failed, or when no end was recorded.</summary>
    public bool MayHaveActed => State is MaintenanceStepState.Running or MaintenanceStepState.Done or MaintenanceStepState.Failed;
}
