namespace OpsRunbook.Engine.Databases;

/// <summary>What could be done with the indexes of a database; the same rules for every engine.</summary>
internal static class IndexJudge
{
    /// <summary>Judges indexes.</summary>
    /// <param name="facts">What is known about them.</param>
    /// <param name="statistics">How far the counters can be trusted.</param>
    /// <param name="minimumAge">How old the counters must be.</param>
    /// <param name="member">The database.</param>
    /// <param name="catalog">Its name on the server.</param>
    /// <returns>The indexes, the largest first.</returns>
    public static IReadOnlyList<DbIndex> Judge(IReadOnlyList<IndexFacts> facts, IndexStatistics statistics, TimeSpan minimumAge, DatabaseMember member, string catalog)
    {
        var result = new List<DbIndex>();
        foreach (var same in facts.GroupBy(fact => (fact.Schema, fact.Table, fact.Shape)))
        {
            // The one that stays is what something leans on, else the oldest.
            var kept = same.Where(fact => fact.Valid).OrderByDescending(fact => fact.Primary).ThenByDescending(fact => fact.NeededBy.Count > 0).ThenBy(fact => fact.Age).FirstOrDefault();
            result.AddRange(same.Select(fact => ToIndex(fact, fact.Valid && !ReferenceEquals(fact, kept) ? kept?.Index : null, statistics, minimumAge, member, catalog)));
        }

        return result.OrderByDescending(index => index.SizeBytes).ThenBy(index => index.Schema, StringComparer.Ordinal).ThenBy(index => index.Index, StringComparer.Ordinal).ToList();
    }

    private static DbIndex ToIndex(IndexFacts fact, string? duplicateOf, IndexStatistics statistics, TimeSpan minimumAge, DatabaseMember member, string catalog)
    {
        var (advice, why) = Advise(fact, duplicateOf, statistics, minimumAge);
        return new DbIndex
        {
            Recommendation = advice,
            Why = why,
            Database = member.Name,
            Catalog = catalog,
            Schema = fact.Schema,
            Table = fact.Table,
            Index = fact.Index,
            Definition = fact.Definition,
            SizeBytes = fact.Bytes,
            Scans = fact.Scans,
            StatisticsSince = statistics.Since,
            IsUnique = fact.Unique,
            IsPrimary = fact.Primary,
            IsValid = fact.Valid,
            IsLeftover = fact.IsLeftover,
            DuplicateOf = duplicateOf,
            NeededBy = fact.NeededBy,
            Host = member.HostName,
        };
    }

    private static (DbIndexAdvice Advice, string Why) Advise(IndexFacts fact, string? duplicateOf, IndexStatistics statistics, TimeSpan minimumAge)
    {
        if (fact.Building)
        {
            return (DbIndexAdvice.Keep, "It is being built now.");
        }

        if (!fact.Valid)
        {
            return fact.IsLeftover
                ? (DbIndexAdvice.Drop, "A failed concurrent rebuild has left it behind: Invoke-DbMaintenance -Operation RemoveInvalidIndex.")
                : (DbIndexAdvice.Rebuild, "A failed concurrent build has left it unusable: REINDEX INDEX CONCURRENTLY, or drop it.");
        }

        if (fact.NeededBy.Count > 0)
        {
            return (DbIndexAdvice.Keep, $"Needed by {string.Join(", ", fact.NeededBy)}{(duplicateOf is null ? string.Empty : $", although '{duplicateOf}' does the same")}.");
        }

        if (fact.Unique)
        {
            return (DbIndexAdvice.Keep, $"It keeps values unique{(duplicateOf is null ? string.Empty : $", although '{duplicateOf}' does the same")}.");
        }

        if (duplicateOf is not null)
        {
            return (DbIndexAdvice.Drop, $"'{duplicateOf}' does the same.");
        }

        if (fact.Scans is null)
        {
            return (DbIndexAdvice.Undecided, statistics.Absent ?? "The server does not count its use.");
        }

        if (fact.Scans > 0)
        {
            return (DbIndexAdvice.Keep, "It is used.");
        }

        return statistics.Since is not { } since
            ? (DbIndexAdvice.Undecided, "Not used, but it is not known since when the server counts.")
            : DateTime.UtcNow - since < minimumAge
                ? (DbIndexAdvice.Undecided, $"Not used in {Duration.Format(DateTime.UtcNow - since)}, which is too short to say: less than {Duration.Format(minimumAge)}.")
                : statistics.HasReplicas
                    ? (DbIndexAdvice.Undecided, $"Not used here in {Duration.Format(DateTime.UtcNow - since)}; look at the replicas too, which count for themselves.")
                    : (DbIndexAdvice.Drop, $"Not used in {Duration.Format(DateTime.UtcNow - since)}, unless it is younger than that.");
    }
}
