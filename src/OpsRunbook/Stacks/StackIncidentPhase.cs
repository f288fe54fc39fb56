namespace OpsRunbook;

/// <summary>One phase of an incident.</summary>
public sealed class StackIncidentPhase
{
    /// <summary>What the phase is called.</summary>
    [StackRequired]
    public string Name { get; set; } = string.Empty;

    /// <summary>Begin, counted from the start of the incident; null for a phase that goes on throughout.</summary>
    public TimeSpan? From { get; set; }

    /// <summary>End, counted from the start of the incident; null when it has none.</summary>
    public TimeSpan? Until { get; set; }

    /// <summary>What is done, in order.</summary>
    public List<string> Tasks { get; set; } = [];
}
