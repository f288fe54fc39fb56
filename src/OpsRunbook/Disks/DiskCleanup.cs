namespace OpsRunbook;

/// <summary>How the clean-up of one file system ended.</summary>
public sealed class DiskCleanup
{
    /// <summary>Its use is at the target or below.</summary>
    public required bool TargetMet { get; init; }

    /// <summary>The stack's name for its host, or <c>local</c>.</summary>
    public string Host { get; init; } = "local";

    /// <summary>Where it is mounted.</summary>
    public required string FileSystem { get; init; }

    /// <summary>Used part that was wanted, percent.</summary>
    public required double TargetPercent { get; init; }

    /// <summary>Used part before, percent, as <c>df</c> counts it.</summary>
    public required double UsedPercentBefore { get; init; }

    /// <summary>Used part afterwards, percent.</summary>
    public required double UsedPercentAfter { get; init; }

    /// <summary>What it has more of for everybody than before, bytes, measured; negative when others wrote more than was freed.</summary>
    public required long FreedBytes { get; init; }

    /// <summary>What is still missing to the target, bytes; 0 when it is met.</summary>
    public required long MissingBytes { get; init; }

    /// <summary>Items that were cleaned up.</summary>
    public required int Done { get; init; }

    /// <summary>Items that were left alone because they had changed, or failed.</summary>
    public required int Left { get; init; }

    /// <summary>Items of the plan that were not needed or not allowed.</summary>
    public required int Remaining { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{FileSystem} of {Host}: {ByteSize.Format(FreedBytes)} freed";
}
