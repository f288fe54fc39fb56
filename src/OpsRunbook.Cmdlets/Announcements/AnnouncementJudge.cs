using OpsRunbook.Engine.Safety;

namespace OpsRunbook.Cmdlets;

/// <summary>How the journal calls the outcome of an announcement.</summary>
internal static class AnnouncementJudge
{
    /// <summary>Only when no channel took it, it has failed; what went wrong on one is said.</summary>
    /// <param name="results">A result for each channel.</param>
    /// <returns>The outcome.</returns>
    public static ChangeResult Judge(IReadOnlyList<AnnouncementResult> results) => new(
        results.All(result => result.Status == HealthStatus.Critical) ? JournalOutcome.Failed : JournalOutcome.Succeeded,
        string.Join(' ', results.Where(result => result.Status != HealthStatus.Healthy).Select(result => result.Message)) is { Length: > 0 } said ? said : null);
}
