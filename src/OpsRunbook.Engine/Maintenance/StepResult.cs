namespace OpsRunbook.Engine.Maintenance;

/// <summary>What came of a step.</summary>
/// <param name="State">Done, failed, or skipped.</param>
/// <param name="Message">What there is to say about it.</param>
internal sealed record StepResult(MaintenanceStepState State, string Message)
{
    /// <summary>What its undoing needs to know, by name.</summary>
    public IReadOnlyDictionary<string, string?> Data { get; init; } = new Dictionary<string, string?>();

    public static StepResult Done(string message) => new(MaintenanceStepState.Done, message);

    public static StepResult Failed(string message) => new(MaintenanceStepState.Failed, message);

    public static StepResult Skipped(string message) => new(MaintenanceStepState.Skipped, message);
}
