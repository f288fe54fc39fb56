namespace OpsRunbook;

/// <summary>What lies in a backup folder under a name.</summary>
public enum BackupState
{
    /// <summary>A set that is all there, as far as names and sizes tell.</summary>
    Complete,

    /// <summary>A set that is being written now.</summary>
    Running,

    /// <summary>Left behind by a run that was interrupted. Never a backup.</summary>
    Interrupted,

    /// <summary>A set of which something is missing, or has another size than was recorded.</summary>
    Damaged,

    /// <summary>Something else. It is shown, and never changed.</summary>
    NotRecognized,
}
