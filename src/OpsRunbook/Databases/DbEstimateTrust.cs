namespace OpsRunbook;

/// <summary>How far an estimate can be trusted.</summary>
public enum DbEstimateTrust
{
    /// <summary>There is no estimate: what it would be computed from is missing.</summary>
    None,

    /// <summary>A hint only: what it is computed from is out of date or incomplete.</summary>
    Low,

    /// <summary>Good enough to decide where to look: within some ten percent of the table in the usual case.</summary>
    Medium,

    /// <summary>Close: statistics are fresh and all columns have a fixed width.</summary>
    High,
}
