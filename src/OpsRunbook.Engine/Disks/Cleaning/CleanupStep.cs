namespace OpsRunbook.Engine.Disks.Cleaning;

/// <summary>One item of a plan with the work that carries it out.</summary>
/// <param name="Item">The item.</param>
/// <param name="RunAsync">Carries it out, after it has looked once more whether it still is what was planned.</param>
internal sealed record CleanupStep(DiskCleanupItem Item, Func<CancellationToken, Task<CleanupResult>> RunAsync);

/// <summary>How a step ended, where it did not fail.</summary>
/// <param name="Outcome"><see cref="DiskCleanupOutcome.Done"/>, <see cref="DiskCleanupOutcome.Gone"/> or <see cref="DiskCleanupOutcome.Changed"/>.</param>
/// <param name="Message">What there is to say; null for nothing.</param>
internal sealed record CleanupResult(DiskCleanupOutcome Outcome, string? Message = null)
{
    public static readonly CleanupResult Done = new(DiskCleanupOutcome.Done);
    public static readonly CleanupResult Gone = new(DiskCleanupOutcome.Gone, "it was gone already");
}
