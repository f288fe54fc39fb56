namespace OpsRunbook.Engine.Disks;

/// <summary>A file that was found.</summary>
/// <param name="Status">What is known of it.</param>
/// <param name="Path">Its path without NUL.</param>
internal sealed record FoundFile(FileStatus Status, byte[] Path);
