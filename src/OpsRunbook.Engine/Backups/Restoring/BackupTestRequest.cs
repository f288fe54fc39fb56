namespace OpsRunbook.Engine.Backups;

/// <summary>Which sets are tested, and how.</summary>
/// <param name="Level">How thoroughly.</param>
/// <param name="Sets">Names of sets, with wildcards; none for all.</param>
public sealed record BackupTestRequest(BackupLevel Level, IReadOnlyList<string> Sets)
{
    /// <summary>Only the newest set.</summary>
    public bool Newest { get; init; }

    /// <summary>Database of the stack on whose server the set is restored; null for the one that was backed up.</summary>
    public string? Server { get; init; }

    /// <summary>So many connections load at once where the format allows; null for two.</summary>
    public int? Jobs { get; init; }
}
