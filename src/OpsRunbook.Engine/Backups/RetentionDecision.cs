namespace OpsRunbook.Engine.Backups;

/// <summary>What is to become of a set.</summary>
/// <param name="Set">The set.</param>
/// <param name="Keep">It stays.</param>
/// <param name="Reason">Why, in a few words.</param>
internal sealed record RetentionDecision(BackupSet Set, bool Keep, string Reason)
{
    /// <summary>The rules, or the operator, would have it go, whether it may or not.</summary>
    public bool Wanted { get; init; }
}
