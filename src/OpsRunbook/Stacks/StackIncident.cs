namespace OpsRunbook;

/// <summary>How an incident is handled.</summary>
public sealed class StackIncident
{
    /// <summary>Channels on which colleagues and users are told.</summary>
    [StackValue(RefersTo = new[] { "announce" })]
    public List<string> Announce { get; set; } = [];

    /// <summary>Phases in their order.</summary>
    public List<StackIncidentPhase> Phases { get; set; } = [];
}
