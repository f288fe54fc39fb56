namespace OpsRunbook.Engine.Backups;

/// <summary>A file of a set as it lies in the folder.</summary>
/// <param name="Path">Path below the set, with <c>/</c>; for a set that is one file, its name.</param>
/// <param name="Bytes">Size in bytes.</param>
/// <param name="Expected">What the manifest says about it; null when it says nothing.</param>
internal sealed record BackupFile(string Path, long Bytes, ManifestFile? Expected);
