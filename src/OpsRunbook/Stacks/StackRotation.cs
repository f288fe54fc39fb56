namespace OpsRunbook;

/// <summary>Who is on call, week by week. After the last week the first one follows.</summary>
public sealed class StackRotation
{
    /// <summary>First day of the first week; null counts from the first Monday of 1970 (1970-01-05).</summary>
    public DateOnly? Start { get; set; }

    /// <summary>The weeks in their order.</summary>
    [StackRequired]
    public List<StackRotationWeek> Weeks { get; set; } = [];

    /// <summary>Days on which others are on call: holidays, somebody ill.</summary>
    public List<StackRotationOverride> Overrides { get; set; } = [];
}
