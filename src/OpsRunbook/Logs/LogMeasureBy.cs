namespace OpsRunbook;

/// <summary>What records are counted by.</summary>
public enum LogMeasureBy
{
    /// <summary>By message, with what varies in it folded, and by level.</summary>
    Pattern,

    /// <summary>By level.</summary>
    Level,

    /// <summary>By the value of a field.</summary>
    Field,

    /// <summary>By minute.</summary>
    Minute,
}
