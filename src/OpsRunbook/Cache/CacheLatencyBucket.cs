namespace OpsRunbook;

/// <summary>Answers that took between half of a time and that time.</summary>
/// <param name="UpTo">Longest time that counts here.</param>
/// <param name="Count">Number of answers.</param>
public sealed record CacheLatencyBucket(TimeSpan UpTo, int Count)
{
    /// <inheritdoc/>
    public override string ToString() => $"<= {Duration.Format(UpTo)}: {Count}";
}
