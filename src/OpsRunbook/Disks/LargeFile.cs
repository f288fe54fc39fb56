namespace OpsRunbook;

/// <summary>A file that takes much of its file system, or a deleted one that a process still holds.</summary>
public sealed class LargeFile
{
    /// <summary>The stack's name for its host, or <c>local</c>.</summary>
    public string Host { get; init; } = "local";

    /// <summary>The file, for people: bytes that are no UTF-8 are replaced. Of a deleted file, where it was. <see cref="RawPath"/> is exact.</summary>
    public required string Path { get; init; }

    /// <summary>The file's path as the file system has it: any bytes but NUL.</summary>
    public required IReadOnlyList<byte> RawPath { get; init; }

    /// <summary>Allocated bytes.</summary>
    public required long SizeBytes { get; init; }

    /// <summary>Length in bytes: larger than <see cref="SizeBytes"/> for a sparse file.</summary>
    public required long ApparentBytes { get; init; }

    /// <summary>Owner's name, or the number when it has none.</summary>
    public required string Owner { get; init; }

    /// <summary>Last change of the content, UTC.</summary>
    public required DateTime Modified { get; init; }

    /// <summary>Names that the file has; removing one of several frees nothing. 0 for a deleted file.</summary>
    public required long Links { get; init; }

    /// <summary>Number of its file system. With <see cref="Inode"/> it identifies the file while it exists.</summary>
    public required ulong Device { get; init; }

    /// <summary>Number of the file in its file system.</summary>
    public required ulong Inode { get; init; }

    /// <summary>It has no name any more, and its space is freed when the last process that holds it closes it.</summary>
    public bool Deleted { get; init; }

    /// <summary>A process that holds the deleted file; null for a file with a name.</summary>
    public int? Pid { get; init; }

    /// <summary>Start of that process, UTC: with <see cref="Pid"/> it identifies the process. Null for a file with a name.</summary>
    public DateTime? ProcessStartTime { get; init; }

    /// <summary>Short name of that process; null for a file with a name.</summary>
    public string? Process { get; init; }

    /// <summary>Service that the process belongs to; null when nothing supervises it, and for a file with a name.</summary>
    public string? Service { get; init; }

    /// <summary>Processes that hold the deleted file; 0 for a file with a name, whose holders are not looked for.</summary>
    public int Holders { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Path} ({ByteSize.Format(SizeBytes)})";
}
