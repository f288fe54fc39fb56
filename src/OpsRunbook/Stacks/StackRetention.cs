namespace OpsRunbook;

/// <summary>How long backups are kept.</summary>
public sealed class StackRetention
{
    /// <summary>Sets younger than this stay; null for no limit by age.</summary>
    public TimeSpan? Keep { get; set; }

    /// <summary>So many of the newest sets stay; null for no limit by number.</summary>
    [StackValue(Minimum = 1, Maximum = 100000)]
    public int? Count { get; set; }

    /// <summary>The newest set of each of so many days stays.</summary>
    [StackValue(Minimum = 0, Maximum = 100000)]
    public int Daily { get; set; }

    /// <summary>The newest set of each of so many weeks stays.</summary>
    [StackValue(Minimum = 0, Maximum = 100000)]
    public int Weekly { get; set; }

    /// <summary>The newest set of each of so many months stays.</summary>
    [StackValue(Minimum = 0, Maximum = 100000)]
    public int Monthly { get; set; }

    /// <summary>So many of the newest verified sets stay whatever their age.</summary>
    [StackValue(Minimum = 0, Maximum = 100000)]
    public int Minimum { get; set; } = 1;
}
