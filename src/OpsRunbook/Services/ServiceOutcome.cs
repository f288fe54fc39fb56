namespace OpsRunbook;

/// <summary>How an action on a service ended.</summary>
public enum ServiceOutcome
{
    /// <summary>Done, and the service is in the state that was wanted: healthy after a start, gone after a stop.</summary>
    Done,

    /// <summary>There was nothing to do: it was so already.</summary>
    Unchanged,

    /// <summary>Done, but the service did not become what was wanted, or the manager refused.</summary>
    Failed,

    /// <summary>The service ends again and again soon after its start.</summary>
    CrashLoop,

    /// <summary>It was not healthy afterwards, so what there was before is back.</summary>
    Reverted,

    /// <summary>Nothing was done, because something that it depends on failed first.</summary>
    Skipped,

    /// <summary>The connection was lost or the command was interrupted; what was done so far is in the message.</summary>
    Unknown,
}
