namespace OpsRunbook;

/// <summary>How far an incident is.</summary>
public enum IncidentStatus
{
    /// <summary>The cause is being looked for.</summary>
    Investigating,

    /// <summary>The cause is known.</summary>
    Identified,

    /// <summary>Users are served again; it is watched whether that lasts.</summary>
    Monitoring,

    /// <summary>It is over.</summary>
    Resolved,
}
