namespace OpsRunbook;

/// <summary>Days on which others are on call than the rotation says.</summary>
public sealed class StackRotationOverride
{
    /// <summary>First day.</summary>
    [StackRequired]
    public DateOnly From { get; set; }

    /// <summary>Last day; null for the first day alone.</summary>
    public DateOnly? Until { get; set; }

    /// <summary>Contact who is called first; null leaves it to the rotation.</summary>
    [StackValue(RefersTo = new[] { "contacts" })]
    public string? Primary { get; set; }

    /// <summary>Contact who is called next; null leaves it to the rotation.</summary>
    [StackValue(RefersTo = new[] { "contacts" })]
    public string? Secondary { get; set; }
}
