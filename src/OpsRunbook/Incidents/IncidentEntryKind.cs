namespace OpsRunbook;

/// <summary>What an entry in the timeline of an incident is.</summary>
public enum IncidentEntryKind
{
    /// <summary>The incident began.</summary>
    Started,

    /// <summary>Something that somebody noted.</summary>
    Note,

    /// <summary>An <see cref="IncidentMilestone"/> was reached, a phase was done, or the severity changed.</summary>
    Progress,

    /// <summary>A change that the module made meanwhile; the journal has the details.</summary>
    Change,

    /// <summary>People were told how it stands.</summary>
    Update,

    /// <summary>The incident is over.</summary>
    Resolved,
}
