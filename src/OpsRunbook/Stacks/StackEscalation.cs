namespace OpsRunbook;

/// <summary>Whom to call, and when.</summary>
public sealed class StackEscalation
{
    /// <summary>Who is on call: address of the on-call tool, or a name; null when <see cref="Rotation"/> says it.</summary>
    public string? OnCall { get; set; }

    /// <summary>Levels from the first responder upward.</summary>
    public List<StackEscalationLevel> Levels { get; set; } = [];

    /// <summary>Steps by severity, in order of their time.</summary>
    [StackValue(KeysReferTo = new[] { "severities" })]
    public Dictionary<string, List<StackEscalationStep>> Matrix { get; set; } = [];

    /// <summary>Situations in which somebody is called at once, whatever the matrix says.</summary>
    public List<StackEscalationRule> Immediate { get; set; } = [];

    /// <summary>Who is primary and secondary, week by week; null when there is no rotation.</summary>
    public StackRotation? Rotation { get; set; }
}
