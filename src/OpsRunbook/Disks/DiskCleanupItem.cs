namespace OpsRunbook;

/// <summary>One thing that a clean-up of a disk would take away, or has taken away.</summary>
public sealed record DiskCleanupItem
{
    /// <summary>What became of it; <see cref="DiskCleanupOutcome.Planned"/> under <c>-WhatIf</c>.</summary>
    public required DiskCleanupOutcome Outcome { get; init; }

    /// <summary>What it is.</summary>
    public required DiskCleanupCategory Category { get; init; }

    /// <summary>What is lost with it.</summary>
    public required DiskCleanupRisk Risk { get; init; }

    /// <summary>What is done to it: <c>Remove</c>, <c>Vacuum</c>, <c>Rotate</c>.</summary>
    public required string Action { get; init; }

    /// <summary>File, image, container or cache, for people: bytes that are no UTF-8 are replaced. <see cref="RawPath"/> is exact.</summary>
    public required string Target { get; init; }

    /// <summary>Why it may go.</summary>
    public required string Reason { get; init; }

    /// <summary>What its removal should give back, bytes, before it is tried.</summary>
    public required long SizeBytes { get; init; }

    /// <summary>What its file system really had more of afterwards, bytes: what others wrote meanwhile is taken off. Null when nothing was done.</summary>
    public long? FreedBytes { get; init; }

    /// <summary>Last change of its content, or when it was made, UTC; null when nobody knows.</summary>
    public DateTime? Modified { get; init; }

    /// <summary>Time since <see cref="Modified"/>; null when nobody knows.</summary>
    public TimeSpan? Age { get; init; }

    /// <summary>The stack's name for its host, or <c>local</c>.</summary>
    public string Host { get; init; } = "local";

    /// <summary>Where the file system is mounted that it is on.</summary>
    public required string FileSystem { get; init; }

    /// <summary>Path of the file as the file system has it, any bytes but NUL; empty for what is no single file.</summary>
    public IReadOnlyList<byte> RawPath { get; init; } = [];

    /// <summary>Number of its file system; null for what is no single file.</summary>
    public ulong? Device { get; init; }

    /// <summary>Number of the file in its file system; null for what is no single file.</summary>
    public ulong? Inode { get; init; }

    /// <summary>What there is to say about the outcome; null for nothing.</summary>
    public string? Message { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Target} ({ByteSize.Format(SizeBytes)})";
}
