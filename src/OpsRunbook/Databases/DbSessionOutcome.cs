namespace OpsRunbook;

/// <summary>What became of a session that was to be stopped.</summary>
public enum DbSessionOutcome
{
    /// <summary>Its statement was cancelled; the connection is still there.</summary>
    Cancelled,

    /// <summary>Its connection was ended.</summary>
    Terminated,

    /// <summary>It still runs.</summary>
    StillRunning,
}
