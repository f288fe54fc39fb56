namespace OpsRunbook;

/// <summary>A situation in which somebody is called at once.</summary>
public sealed class StackEscalationRule
{
    /// <summary>The situation, in words.</summary>
    [StackRequired]
    public string When { get; set; } = string.Empty;

    /// <summary>Contacts to call.</summary>
    [StackRequired]
    [StackValue(RefersTo = new[] { "contacts" })]
    public List<string> Notify { get; set; } = [];
}
