namespace OpsRunbook;

/// <summary>A file system of a machine against its limits.</summary>
public sealed class MountHealth
{
    /// <summary>The worse of space and inodes; Unknown when it could not be read.</summary>
    public required HealthStatus Status { get; init; }

    /// <summary>Where it is mounted.</summary>
    public required string Path { get; init; }

    /// <summary>Device or source.</summary>
    public required string Device { get; init; }

    /// <summary>Type, such as <c>ext4</c>.</summary>
    public required string FileSystem { get; init; }

    /// <summary>Size in bytes; null when it could not be read.</summary>
    public long? TotalBytes { get; init; }

    /// <summary>Free for ordinary users, in bytes; null when it could not be read.</summary>
    public long? AvailableBytes { get; init; }

    /// <summary>Used part in percent, as <c>df</c> computes it; null when it could not be read.</summary>
    public double? UsedPercent { get; init; }

    /// <summary>Used part of the inodes in percent; null when it could not be read or has no fixed number of them.</summary>
    public double? UsedInodesPercent { get; init; }

    /// <summary>Mounted read-only. Such a file system cannot fill up and is not judged.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>Why it could not be read; null when it was.</summary>
    public string? Problem { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Problem is null ? $"{Path} {UsedPercent:0.#}%" : $"{Path} ({Problem})";
}
