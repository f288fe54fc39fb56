namespace OpsRunbook;

/// <summary>How far a maintenance window is.</summary>
public enum MaintenanceWindowState
{
    /// <summary>It is to begin later.</summary>
    Planned,

    /// <summary>It is being begun, or was interrupted in its beginning.</summary>
    Starting,

    /// <summary>Work may be done.</summary>
    Open,

    /// <summary>It is being ended, or was interrupted in its end, or its end was refused because something is not well.</summary>
    Stopping,

    /// <summary>It has ended.</summary>
    Closed,

    /// <summary>It could not be begun, and what had been done for it is undone.</summary>
    Undone,

    /// <summary>It was planned, and will not take place.</summary>
    Cancelled,
}
