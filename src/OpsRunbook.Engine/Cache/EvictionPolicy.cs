namespace OpsRunbook.Engine.Cache;

/// <summary>What an eviction policy does to the keys that matter.</summary>
internal static class EvictionPolicy
{
    /// <summary>Nothing is evicted.</summary>
    public const string None = "noeviction";

    /// <summary>Says what goes when the limit is reached.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="protect">Patterns that the stack protects, as a rule sessions and queues.</param>
    /// <returns>A sentence, and whether protected keys are in danger.</returns>
    public static (string Reach, bool Harmful) Describe(string policy, IReadOnlyList<string> protect)
    {
        var kept = string.Join(", ", protect);
        return policy switch
        {
            _ when policy.StartsWith("allkeys-", StringComparison.Ordinal) && protect.Count > 0 =>
                ($"at the limit any key may be evicted, {kept} included: sessions end and queued jobs are lost.", true),
            _ when policy.StartsWith("allkeys-", StringComparison.Ordinal) => ("at the limit any key may be evicted; that is right for a mere cache, and ends sessions and loses jobs if any live here.", false),
            _ when policy.StartsWith("volatile-", StringComparison.Ordinal) && protect.Count > 0 =>
                ($"at the limit only keys with an expiry are evicted, those of {kept} that have one included; when none is left, writes fail.", true),
            _ when policy.StartsWith("volatile-", StringComparison.Ordinal) =>
                ("at the limit only keys with an expiry are evicted, which sessions usually have; when none is left, writes fail.", false),
            _ => ("nothing is evicted; at the limit, writes fail.", false),
        };
    }
}
