namespace OpsRunbook;

/// <summary>How far a step of a maintenance window is.</summary>
public enum MaintenanceStepState
{
    /// <summary>It has not begun.</summary>
    Pending,

    /// <summary>It was begun and no end was recorded: it runs, or was killed. What it did is not known.</summary>
    Running,

    /// <summary>It was done.</summary>
    Done,

    /// <summary>It failed.</summary>
    Failed,

    /// <summary>There was nothing to do.</summary>
    Skipped,
}
