namespace OpsRunbook;

/// <summary>How long backups are kept.</summary>
public sealed class StackRetention
{
    /// <summary>Sets younger than this stay; null for no limit by age.</summary>
    public TimeSpan? Keep { get; set; }

    /// <summary>So many of the newest verified sets stay whatever their age.</summary>
    [StackValue(Minimum = 0, Maximum = 100000)]
    public int Minimum { get; set; } = 1;
}
