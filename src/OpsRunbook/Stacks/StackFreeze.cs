namespace OpsRunbook;

/// <summary>A time in which nothing may be changed.</summary>
public sealed class StackFreeze
{
    /// <summary>Begin, UTC.</summary>
    [StackRequired]
    public DateTime From { get; set; }

    /// <summary>End, UTC.</summary>
    [StackRequired]
    public DateTime Until { get; set; }

    /// <summary>Why; null when the file does not say.</summary>
    public string? Reason { get; set; }
}
