namespace OpsRunbook.Engine.Backups;

/// <summary>The head and table of contents of an archive of <c>pg_dump</c>.</summary>
/// <param name="Format">How its data lies.</param>
/// <param name="Compression">How its data is compressed.</param>
/// <param name="Database">Database that was dumped.</param>
/// <param name="ServerVersion">Version of its server: <c>15.6</c>.</param>
/// <param name="DumpVersion">Version of <c>pg_dump</c>.</param>
/// <param name="Version">Version of the archive itself: 1.14 is 114.</param>
/// <param name="Entries">What it holds.</param>
internal sealed record PgArchive(
    PgArchiveFormat Format, PgArchiveCompression Compression, string Database, string ServerVersion, string DumpVersion, int Version, IReadOnlyList<PgArchiveEntry> Entries);

/// <summary>An entry of the table of contents.</summary>
/// <param name="Id">Number within the archive.</param>
/// <param name="Kind">Kind of thing: <c>TABLE DATA</c>, <c>INDEX</c>.</param>
/// <param name="Schema">Its schema; null for none.</param>
/// <param name="Tag">Its name.</param>
/// <param name="Copy">Statement that loads its data; null when there is none.</param>
/// <param name="HasData">Data belongs to it.</param>
/// <param name="FileName">File of its data (directory and tar format); null for none.</param>
internal sealed record PgArchiveEntry(int Id, string Kind, string? Schema, string Tag, string? Copy, bool HasData, string? FileName);

/// <summary>How the data of an archive lies: the numbers that <c>pg_dump</c> writes.</summary>
internal enum PgArchiveFormat
{
    /// <summary>All in one file.</summary>
    Custom = 1,

    /// <summary>Members of a tar file.</summary>
    Tar = 3,

    /// <summary>Files of a folder.</summary>
    Directory = 5,
}

/// <summary>How the data of an archive is compressed: the numbers that <c>pg_dump</c> writes since version 16.</summary>
internal enum PgArchiveCompression
{
    /// <summary>Not at all.</summary>
    None = 0,

    /// <summary>zlib.</summary>
    Gzip = 1,

    /// <summary>LZ4.</summary>
    Lz4 = 2,

    /// <summary>Zstandard.</summary>
    Zstd = 3,
}
