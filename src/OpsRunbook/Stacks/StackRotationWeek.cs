namespace OpsRunbook;

/// <summary>Who is on call in one week of the rotation.</summary>
public sealed class StackRotationWeek
{
    /// <summary>Contact who is called first.</summary>
    [StackRequired]
    [StackValue(RefersTo = new[] { "contacts" })]
    public string Primary { get; set; } = string.Empty;

    /// <summary>Contact who is called next; null for nobody.</summary>
    [StackValue(RefersTo = new[] { "contacts" })]
    public string? Secondary { get; set; }
}
