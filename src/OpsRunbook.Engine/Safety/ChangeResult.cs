namespace OpsRunbook.Engine.Safety;

/// <summary>How a change ended.</summary>
/// <param name="Outcome">The outcome.</param>
/// <param name="Message">What there is to say about it; null for nothing.</param>
public sealed record ChangeResult(JournalOutcome Outcome, string? Message = null)
{
    /// <summary>What is there now, by name. Never with a secret.</summary>
    public IReadOnlyDictionary<string, string?> After { get; init; } = new Dictionary<string, string?>();

    /// <summary>What the journal calls the outcome of a change that puts back what did not work.</summary>
    /// <param name="outcome">The outcome.</param>
    /// <returns>The journal's word.</returns>
    public static JournalOutcome OutcomeOf(ServiceOutcome outcome) => outcome switch
    {
        ServiceOutcome.Done or ServiceOutcome.Unchanged => JournalOutcome.Succeeded,
        ServiceOutcome.Reverted => JournalOutcome.Reverted,
        ServiceOutcome.Unknown => JournalOutcome.Unknown,
        _ => JournalOutcome.Failed,
    };
}
