namespace OpsRunbook;

/// <summary>Which moment of a change a journal record is about.</summary>
public enum JournalPhase
{
    /// <summary>The change is about to be made. Without a later record of the same change its outcome is unknown.</summary>
    Started,

    /// <summary>The change has ended; <see cref="JournalRecord.Outcome"/> says how.</summary>
    Ended,
}
