namespace OpsRunbook.Engine.Disks;

/// <summary>What tells a file from every other one of a host, whatever its names are.</summary>
/// <param name="Device">Number of its file system.</param>
/// <param name="Inode">Its number in it.</param>
/// <remarks>A class: collections of classes are compiled ahead of time, and a walk would otherwise begin with compiling them.</remarks>
internal sealed record FileIdentity(ulong Device, ulong Inode);
