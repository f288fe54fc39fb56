namespace OpsRunbook;

/// <summary>How a change ended.</summary>
public enum JournalOutcome
{
    /// <summary>It was made and is in effect.</summary>
    Succeeded,

    /// <summary>It failed; <see cref="JournalRecord.Message"/> says what state it left.</summary>
    Failed,

    /// <summary>It was made and put back again.</summary>
    Reverted,

    /// <summary>It was interrupted, or the connection was lost; what it did is not known.</summary>
    Unknown,
}
