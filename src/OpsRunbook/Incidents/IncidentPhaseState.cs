namespace OpsRunbook;

/// <summary>Whether it is time for a phase of an incident.</summary>
public enum IncidentPhaseState
{
    /// <summary>It was done.</summary>
    Done,

    /// <summary>Its time is over and it was not done.</summary>
    Overdue,

    /// <summary>It is its time.</summary>
    Due,

    /// <summary>Its time will come.</summary>
    Later,
}
