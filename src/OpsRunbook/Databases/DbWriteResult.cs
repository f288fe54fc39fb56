namespace OpsRunbook;

/// <summary>What a statement that may write has changed.</summary>
public sealed class DbWriteResult
{
    /// <summary>Rows that it inserted, changed or deleted; null for a statement that has no such number.</summary>
    public long? RowsAffected { get; init; }

    /// <summary>Name of the database in the stack, or its address.</summary>
    public required string Database { get; init; }

    /// <summary>The statement on one line, texts in it hidden.</summary>
    public required string Statement { get; init; }

    /// <summary>From the begin to the commit of its transaction.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>Name of the host from which the server is reached; <c>local</c> for this machine.</summary>
    public required string Host { get; init; }
}
