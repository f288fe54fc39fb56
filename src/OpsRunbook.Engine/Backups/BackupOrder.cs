namespace OpsRunbook.Engine.Backups;

/// <summary>The order of sets. A clock can be set back; the numbers that the sets were given cannot.</summary>
internal static class BackupOrder
{
    /// <summary>Puts sets in order: by their numbers, and those without one, which others made, where their time belongs among these.</summary>
    /// <param name="sets">The sets.</param>
    /// <returns>Sets from the oldest to the newest, then what is none.</returns>
    public static IReadOnlyList<BackupSet> Sort(IEnumerable<BackupSet> sets)
    {
        var all = sets.ToList();
        var numbered = new Queue<BackupSet>(all.Where(set => IsSet(set) && set.Sequence is not null).OrderBy(set => set.Sequence).ThenBy(set => set.Name, StringComparer.Ordinal));
        var timed = new Queue<BackupSet>(all.Where(set => IsSet(set) && set.Sequence is null).OrderBy(set => set.Ended).ThenBy(set => set.Name, StringComparer.Ordinal));
        var sorted = new List<BackupSet>(all.Count);
        while (numbered.Count > 0 || timed.Count > 0)
        {
            sorted.Add(timed.Count == 0 || (numbered.Count > 0 && numbered.Peek().Ended <= timed.Peek().Ended) ? numbered.Dequeue() : timed.Dequeue());
        }

        sorted.AddRange(all.Where(set => !IsSet(set)).OrderBy(set => set.Name, StringComparer.Ordinal));
        return sorted;
    }

    private static bool IsSet(BackupSet set) => set.State is BackupState.Complete or BackupState.Damaged;
}
