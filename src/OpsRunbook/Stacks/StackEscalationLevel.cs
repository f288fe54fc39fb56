namespace OpsRunbook;

/// <summary>One level of escalation.</summary>
public sealed class StackEscalationLevel
{
    /// <summary>What the level is called: <c>On-call Engineer</c>.</summary>
    [StackRequired]
    public string Name { get; set; } = string.Empty;

    /// <summary>Contacts of the level. <c>primary</c> and <c>secondary</c> stand for whoever the rotation names.</summary>
    [StackValue(RefersTo = new[] { "contacts" })]
    public List<string> Contacts { get; set; } = [];

    /// <summary>Called when so much time has passed without success; null when only a rule or the matrix calls it.</summary>
    public TimeSpan? After { get; set; }

    /// <summary>What must not have happened by then: <c>no progress</c>; null when the file does not say.</summary>
    public string? Unless { get; set; }

    /// <summary>Answers within this time; null when the file does not say.</summary>
    public TimeSpan? AvailableWithin { get; set; }

    /// <summary>What the level does and may decide.</summary>
    public List<string> Duties { get; set; } = [];
}
