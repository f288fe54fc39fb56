namespace OpsRunbook.Engine.Backups;

/// <summary>What a test of a set found, as its manifest records it.</summary>
internal sealed record BackupVerdict
{
    /// <summary>How thoroughly it was tested.</summary>
    public required BackupLevel Level { get; init; }

    /// <summary>It was found good.</summary>
    public required bool Passed { get; init; }

    /// <summary>End of the test, UTC.</summary>
    public required DateTime At { get; init; }

    /// <summary>How it was tested, or what is wrong, in one sentence.</summary>
    public required string How { get; init; }

    /// <summary>Who tested it, <c>user@machine</c>; null when that is not known.</summary>
    public string? By { get; init; }
}
