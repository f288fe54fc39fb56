using System.Globalization;

namespace OpsRunbook.Engine.Backups;

/// <summary>Days, weeks (from Monday) and months in UTC, and the sets that stand for them: the newest of each.</summary>
internal static class BackupPeriods
{
    /// <summary>The names of the periods, with what tells one from another.</summary>
    public static readonly IReadOnlyList<(string Name, Func<DateTime, string> Key)> All =
    [
        ("daily", time => time.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)),
        ("weekly", time => string.Create(CultureInfo.InvariantCulture, $"{ISOWeek.GetYear(time)}-W{ISOWeek.GetWeekOfYear(time)}")),
        ("monthly", time => time.ToString("yyyy-MM", CultureInfo.InvariantCulture)),
    ];

    /// <summary>What each set stands for.</summary>
    /// <param name="sets">Sets from the oldest to the newest.</param>
    /// <returns>Names of periods by the name of the set.</returns>
    public static IReadOnlyDictionary<string, IReadOnlyList<string>> Of(IReadOnlyList<BackupSet> sets) => All
        .SelectMany(period => Newest(sets, period.Key).Select(set => (set.Name, Period: period.Name)))
        .GroupBy(pair => pair.Name, StringComparer.Ordinal)
        .ToDictionary(group => group.Key, group => (IReadOnlyList<string>)group.Select(pair => pair.Period).ToList(), StringComparer.Ordinal);

    /// <summary>The newest set of each period.</summary>
    /// <param name="sets">Sets from the oldest to the newest.</param>
    /// <param name="key">What tells one period from another.</param>
    /// <returns>The sets from the newest to the oldest.</returns>
    public static IReadOnlyList<BackupSet> Newest(IReadOnlyList<BackupSet> sets, Func<DateTime, string> key) =>
        sets.Reverse().DistinctBy(set => key(set.Ended), StringComparer.Ordinal).ToList();

    /// <summary>Periods that should have a set and have none: a day back, the last week, the last month.</summary>
    /// <param name="sets">Sets from the oldest to the newest.</param>
    /// <param name="wanted">Names of periods.</param>
    /// <param name="now">The time, UTC.</param>
    /// <returns>A sentence for each.</returns>
    public static IEnumerable<string> Missing(IReadOnlyList<BackupSet> sets, IEnumerable<string> wanted, DateTime now)
    {
        foreach (var name in wanted)
        {
            var (_, key) = All.First(period => period.Name == name);
            var (last, text) = name switch
            {
                "daily" => (now.AddDays(-1), "of today or yesterday"),
                "weekly" => (now.AddDays(-7), "of last week"),
                _ => (now.AddDays(-now.Day), "of last month"),
            };
            if (!sets.Any(set => key(set.Ended) == key(last) || (name == "daily" && key(set.Ended) == key(now))))
            {
                yield return $"there is no set {text} ({key(last)})";
            }
        }
    }
}
