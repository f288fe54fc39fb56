namespace OpsRunbook.Engine.Backups;

/// <summary>What is restored, and how.</summary>
/// <param name="Set">Name of the set; null for the newest.</param>
/// <param name="Timeout">Longest time to wait until one service is healthy, or gone.</param>
public sealed record DatabaseRestoreRequest(string? Set, TimeSpan Timeout)
{
    /// <summary>A database that an earlier restore has kept is put back instead of a set; null for a set.</summary>
    public string? Kept { get; init; }

    /// <summary>The present database is backed up first.</summary>
    public bool BackupCurrent { get; init; }

    /// <summary>So many connections load at once where the format allows; null for two.</summary>
    public int? Jobs { get; init; }
}
