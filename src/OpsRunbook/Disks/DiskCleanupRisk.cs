namespace OpsRunbook;

/// <summary>What is lost when something is cleaned up. A clean-up begins with the least.</summary>
public enum DiskCleanupRisk
{
    /// <summary>Nothing: it is fetched or made again when it is needed.</summary>
    None,

    /// <summary>Most likely nothing that anybody misses.</summary>
    Low,

    /// <summary>History that may help to explain something, or what has to be fetched again to go back.</summary>
    Medium,

    /// <summary>What nothing brings back.</summary>
    High,
}
