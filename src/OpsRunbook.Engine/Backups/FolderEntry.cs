namespace OpsRunbook.Engine.Backups;

/// <summary>Something in a backup folder.</summary>
/// <param name="Path">Path below the folder, with <c>/</c>.</param>
/// <param name="Type"><c>f</c> for a file, <c>d</c> for a folder, <c>l</c> for a link, another letter for anything else.</param>
/// <param name="Bytes">Size in bytes.</param>
/// <param name="Changed">Time of the last change, UTC.</param>
internal sealed record FolderEntry(string Path, char Type, long Bytes, DateTime Changed)
{
    /// <summary>An ordinary file.</summary>
    public bool IsFile => Type == 'f';

    /// <summary>A folder.</summary>
    public bool IsFolder => Type == 'd';

    /// <summary>A symbolic link.</summary>
    public bool IsLink => Type == 'l';

    /// <summary>First part of the path.</summary>
    public string Top => Path.IndexOf('/', StringComparison.Ordinal) is var slash and >= 0 ? Path[..slash] : Path;
}
