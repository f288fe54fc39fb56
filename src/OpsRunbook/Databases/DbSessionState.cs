namespace OpsRunbook;

/// <summary>What a session of a database does.</summary>
public enum DbSessionState
{
    /// <summary>It runs a statement, or waits in one.</summary>
    Active,

    /// <summary>It waits for its client, and nothing of it is open.</summary>
    Idle,

    /// <summary>It waits for its client in the middle of a transaction, and holds its locks meanwhile.</summary>
    IdleInTransaction,

    /// <summary>It is being ended.</summary>
    Ending,

    /// <summary>The server does not say, or not to this user.</summary>
    Unknown,
}
