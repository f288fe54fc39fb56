namespace OpsRunbook.Engine.Disks.Cleaning;

/// <summary>What a clean-up is to reach, and what it may take.</summary>
public sealed record DiskCleanupRequest
{
    /// <summary>Used part that is wanted, percent.</summary>
    public required double TargetPercent { get; init; }

    /// <summary>Paths on the file systems that are meant; none for every one of the host.</summary>
    public IReadOnlyList<string> Paths { get; init; } = [];

    /// <summary>Only these categories; none for all.</summary>
    public IReadOnlyCollection<DiskCleanupCategory> Categories { get; init; } = [];

    /// <summary>What is riskier is left alone.</summary>
    public DiskCleanupRisk MostRisk { get; init; } = DiskCleanupRisk.Medium;

    /// <summary>Files and folders of logs beside those of the stack: absolute paths and patterns.</summary>
    public IReadOnlyList<string> Logs { get; init; } = [];

    /// <summary>Older parts of logs are kept for so long, where the stack says nothing. The runbooks remove what is older than a week.</summary>
    public TimeSpan KeepLogs { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Temporary files are kept for so long after they were last read, written or moved; null for what systemd-tmpfiles allows: 10 days in <c>/tmp</c>, 30 in <c>/var/tmp</c>.</summary>
    public TimeSpan? KeepTemporary { get; init; }

    /// <summary>Containers that have ended are kept for so long: who runs something by hand may still want to look at it.</summary>
    public TimeSpan KeepContainers { get; init; } = TimeSpan.FromDays(1);

    /// <summary>Images of each service that are kept beside the current one, the newest ones.</summary>
    public int KeepImages { get; init; } = 1;

    /// <summary>Smaller things are not worth an item, bytes.</summary>
    public long SmallestBytes { get; init; } = 1 << 20;
}
