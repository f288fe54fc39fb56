namespace OpsRunbook.Engine.Backups;

/// <summary>Which sets stay. A set that any of the rules keeps stays; without any rule all do.</summary>
public sealed record RetentionRules
{
    /// <summary>Sets younger than this stay; null for no rule.</summary>
    public TimeSpan? Keep { get; init; }

    /// <summary>So many of the newest stay; null for no rule.</summary>
    public int? Count { get; init; }

    /// <summary>The newest set of each of so many days stays; 0 for no rule.</summary>
    public int Daily { get; init; }

    /// <summary>The newest set of each of so many weeks stays; 0 for no rule.</summary>
    public int Weekly { get; init; }

    /// <summary>The newest set of each of so many months stays; 0 for no rule.</summary>
    public int Monthly { get; init; }

    /// <summary>So many of the newest verified sets stay, whatever the rules say, and there must be so many.</summary>
    public int Minimum { get; init; } = 1;

    /// <summary>There is a rule at all.</summary>
    public bool Any => Keep is not null || Count is not null || Daily > 0 || Weekly > 0 || Monthly > 0;

    /// <summary>The rules of a stack.</summary>
    /// <param name="retention">What the stack says; null for nothing.</param>
    /// <returns>The rules.</returns>
    public static RetentionRules Of(StackRetention? retention) => retention is null ? new RetentionRules() : new RetentionRules
    {
        Keep = retention.Keep,
        Count = retention.Count,
        Daily = retention.Daily,
        Weekly = retention.Weekly,
        Monthly = retention.Monthly,
        Minimum = retention.Minimum,
    };
}
