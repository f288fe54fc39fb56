using System.Globalization;

namespace OpsRunbook.Engine.Backups;

/// <summary>Decides which sets stay. The last ones that are known to restore always do.</summary>
/// <param name="rules">The rules.</param>
/// <param name="now">The time, UTC.</param>
internal sealed class RetentionPlan(RetentionRules rules, DateTime now)
{
    /// <summary>Decides about everything that lies in a folder.</summary>
    /// <param name="sets">What <see cref="BackupFolder.ListAsync"/> found, in its order.</param>
    /// <param name="chosen">Names of sets that an operator has chosen: only those may go, and rules do not hold them. Null when nobody has.</param>
    /// <returns>One for each, in the same order.</returns>
    public IReadOnlyList<RetentionDecision> Decide(IReadOnlyList<BackupSet> sets, IReadOnlySet<string>? chosen = null)
    {
        // A set whose test failed, or that is damaged, is not one that a rule could keep in the place of a good one.
        var good = sets.Where(set => set.State == BackupState.Complete && set.LastVerdict is not { Passed: false }).ToList();
        var verified = good.Where(set => set.IsVerified).ToList();
        var kept = chosen is null ? ByRules(good) : [];
        return sets.Select(set => Decide(set, sets, good, verified, kept, chosen)).ToList();
    }

    private RetentionDecision Decide(
        BackupSet set, IReadOnlyList<BackupSet> sets, List<BackupSet> good, List<BackupSet> verified, Dictionary<string, string> kept, IReadOnlySet<string>? chosen)
    {
        if (chosen is not null && !chosen.Contains(set.Name))
        {
            return Keep("it was not chosen");
        }

        if (set.State is BackupState.NotRecognized or BackupState.Running)
        {
            return Keep(set.Problem ?? "it is no set");
        }

        if (set.State == BackupState.Interrupted)
        {
            return Remove(set.Problem!);
        }

        if (chosen is null && Rule(set, kept) is { } rule)
        {
            return Keep(rule);
        }

        var why = chosen is not null ? "it was chosen"
            : set.State == BackupState.Damaged ? $"it is damaged: {set.Problem}"
            : set.LastVerdict is { Passed: false } ? "its test failed"
            : $"it is {Duration.Format(now - set.Ended)} old, and no rule keeps it";
        return (Protection(set, sets, good, verified) is { } protection ? Keep(protection) : Remove(why)) with { Wanted = true };

        RetentionDecision Keep(string reason) => new(set, true, reason);

        RetentionDecision Remove(string reason) => new(set, false, reason);
    }

    private string? Rule(BackupSet set, Dictionary<string, string> kept) =>
        kept.TryGetValue(set.Name, out var reason) ? reason
        : !rules.Any ? "no rule removes anything"
        : rules.Keep is { } keep && now - set.Ended < keep ? $"it is younger than {Duration.Format(keep)}"
        : null;

    private string? Protection(BackupSet set, IReadOnlyList<BackupSet> sets, List<BackupSet> good, List<BackupSet> verified)
    {
        if (good.Count > 0 && good[^1].Name == set.Name)
        {
            return "it is the newest set";
        }

        var rank = verified.Count - verified.FindIndex(other => other.Name == set.Name);
        if (rank <= verified.Count && rank <= Math.Max(1, rules.Minimum))
        {
            return rank == 1 ? "it is the newest verified set" : string.Create(CultureInfo.InvariantCulture, $"it is one of the {rules.Minimum} newest verified sets");
        }

        // By their order, not by a clock.
        return sets.SkipWhile(other => other.Name != set.Name).Skip(1).Any(other => other.IsVerified) ? null : "no newer set is verified";
    }

    private Dictionary<string, string> ByRules(List<BackupSet> good)
    {
        var kept = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var set in rules.Count is { } count ? Enumerable.Reverse(good).Take(count) : [])
        {
            kept.TryAdd(set.Name, string.Create(CultureInfo.InvariantCulture, $"it is one of the {rules.Count} newest"));
        }

        foreach (var (name, key) in BackupPeriods.All)
        {
            var number = name switch { "daily" => rules.Daily, "weekly" => rules.Weekly, _ => rules.Monthly };
            foreach (var set in BackupPeriods.Newest(good, key).Take(number))
            {
                kept.TryAdd(set.Name, $"it is the {name} set of {key(set.Ended)}");
            }
        }

        return kept;
    }
}
