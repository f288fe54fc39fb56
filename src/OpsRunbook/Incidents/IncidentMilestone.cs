namespace OpsRunbook;

/// <summary>A moment of an incident from which times are counted.</summary>
public enum IncidentMilestone
{
    /// <summary>Somebody works on it.</summary>
    Acknowledged,

    /// <summary>The cause is known.</summary>
    Identified,

    /// <summary>Users are served again.</summary>
    Mitigated,
}
