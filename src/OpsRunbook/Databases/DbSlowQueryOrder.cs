namespace OpsRunbook;

/// <summary>What comes first among slow queries.</summary>
public enum DbSlowQueryOrder
{
    /// <summary>What costs the server most in all.</summary>
    Total,

    /// <summary>What takes longest on average.</summary>
    Mean,

    /// <summary>What took longest once.</summary>
    Maximum,

    /// <summary>What runs most often.</summary>
    Calls,
}
