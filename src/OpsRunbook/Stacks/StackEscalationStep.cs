namespace OpsRunbook;

/// <summary>One step of the escalation matrix.</summary>
public sealed class StackEscalationStep
{
    /// <summary>Time since the start of the incident.</summary>
    public TimeSpan After { get; set; }

    /// <summary>Contacts to call. <c>primary</c> and <c>secondary</c> stand for whoever the rotation names.</summary>
    [StackRequired]
    [StackValue(RefersTo = new[] { "contacts" })]
    public List<string> Notify { get; set; } = [];

    /// <summary>Not before the next business day begins.</summary>
    public bool NextBusinessDay { get; set; }
}
