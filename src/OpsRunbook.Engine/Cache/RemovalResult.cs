using OpsRunbook.Engine.Safety;

namespace OpsRunbook.Engine.Cache;

/// <summary>A removal and what ended it before its time.</summary>
/// <param name="Removal">What was removed.</param>
/// <param name="Failure">What ended it; null when it reached its end.</param>
internal sealed record RemovalResult(CacheRemoval Removal, Exception? Failure)
{
    /// <summary>How it goes into the journal.</summary>
    public ChangeResult ToChange()
    {
        var outcome = Failure is null ? JournalOutcome.Succeeded
            : Removal.Unknown > 0 || Failure is OperationCanceledException ? JournalOutcome.Unknown
            : JournalOutcome.Failed;
        var cause = Failure switch
        {
            null => null,
            OperationCanceledException => "interrupted",
            _ => Failure.Message,
        };
        return new ChangeResult(outcome, cause)
        {
            After = new Dictionary<string, string?>
            {
                ["removed"] = Text(Removal.Removed),
                ["missing"] = Text(Removal.Missing),
                ["kept"] = Text(Removal.Kept),
                ["unknown"] = Text(Removal.Unknown),
            },
        };
    }

    private static string Text(long number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
