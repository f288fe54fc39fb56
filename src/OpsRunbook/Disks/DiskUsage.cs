namespace OpsRunbook;

/// <summary>What a folder with everything below it takes on its file system.</summary>
public sealed class DiskUsage
{
    /// <summary>The stack's name for its host, or <c>local</c>.</summary>
    public string Host { get; init; } = "local";

    /// <summary>The folder, for people: bytes that are no UTF-8 are replaced. <see cref="RawPath"/> is exact.</summary>
    public required string Path { get; init; }

    /// <summary>The folder's path as the file system has it: any bytes but NUL.</summary>
    public required IReadOnlyList<byte> RawPath { get; init; }

    /// <summary>Folders below the one that was asked about; 0 for that one itself.</summary>
    public required int Depth { get; init; }

    /// <summary>Allocated bytes, folders included. Of a file with several names in the tree one counts, the same in every run.</summary>
    public required long SizeBytes { get; init; }

    /// <summary>Length of the files and symbolic links in bytes: larger than <see cref="SizeBytes"/> for sparse files.</summary>
    public required long ApparentBytes { get; init; }

    /// <summary>Files of every kind but folders, one with several names once.</summary>
    public required long Files { get; init; }

    /// <summary>Files and folders in it that could not be looked at; 0 when all could.</summary>
    public required long Unreadable { get; init; }

    /// <summary>The sizes are too small, because something in it could not be looked at.</summary>
    public bool Partial => Unreadable > 0;

    /// <inheritdoc/>
    public override string ToString() => $"{Path} ({ByteSize.Format(SizeBytes)})";
}
