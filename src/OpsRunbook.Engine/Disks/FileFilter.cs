namespace OpsRunbook.Engine.Disks;

/// <summary>Which files are looked for.</summary>
public sealed record FileFilter
{
    /// <summary>Smallest allocated size in bytes.</summary>
    public long MinimumBytes { get; init; }

    /// <summary>Content unchanged for this long; null for any.</summary>
    public TimeSpan? OlderThan { get; init; }

    /// <summary>Owner's name or number; null for any.</summary>
    public string? Owner { get; init; }

    /// <summary>How many, the largest.</summary>
    public int First { get; init; } = int.MaxValue;

    /// <summary>Go into other file systems too.</summary>
    public bool AllFileSystems { get; init; }

    /// <summary>Only files that are deleted and still held.</summary>
    public bool DeletedOnly { get; init; }
}
