namespace OpsRunbook;

/// <summary>What is checked and done regularly.</summary>
public sealed class StackSchedules
{
    /// <summary>Every day; null for nothing.</summary>
    public StackSchedule? Daily { get; set; }

    /// <summary>Every week; null for nothing.</summary>
    public StackSchedule? Weekly { get; set; }

    /// <summary>Every month; null for nothing.</summary>
    public StackSchedule? Monthly { get; set; }

    /// <summary>Every quarter; null for nothing.</summary>
    public StackSchedule? Quarterly { get; set; }
}
