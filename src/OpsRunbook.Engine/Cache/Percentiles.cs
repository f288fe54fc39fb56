namespace OpsRunbook.Engine.Cache;

/// <summary>Percentiles by the nearest rank.</summary>
internal static class Percentiles
{
    /// <summary>The smallest value that so many percent of the values do not exceed.</summary>
    /// <param name="sorted">The values in order; at least one.</param>
    /// <param name="percent">Above 0, up to 100.</param>
    /// <returns>One of the values.</returns>
    public static TimeSpan Of(IReadOnlyList<TimeSpan> sorted, double percent) =>
        sorted[Math.Clamp((int)Math.Ceiling(percent / 100 * sorted.Count) - 1, 0, sorted.Count - 1)];
}
