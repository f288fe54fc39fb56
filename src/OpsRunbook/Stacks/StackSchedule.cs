namespace OpsRunbook;

/// <summary>A recurring list of tasks.</summary>
public sealed class StackSchedule
{
    /// <summary>When in the period, in words: <c>Monday morning</c>, <c>first Friday</c>; null when the file does not say.</summary>
    public string? When { get; set; }

    /// <summary>What is to be done, in order.</summary>
    [StackRequired]
    public List<StackTask> Tasks { get; set; } = [];
}
