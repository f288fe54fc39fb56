namespace OpsRunbook.Engine.Backups;

/// <summary>Looks whether an archive of <c>pg_dump</c> that consists of several files has all of them, and all of each.</summary>
internal static class DumpFolder
{
    /// <summary>Name of the file with the table of contents.</summary>
    public const string Contents = "toc.dat";

    private const string LargeObjects = "BLOBS";
    private static readonly string[] Endings = [string.Empty, ".gz", ".lz4", ".zst"];

    /// <summary>Reads every file of an archive in directory format.</summary>
    /// <param name="name">What the archive is called in messages.</param>
    /// <param name="files">Names of the files in its folder.</param>
    /// <param name="open">Opens one of them.</param>
    /// <param name="decompress">Content of a file that is compressed, by its name.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>What the archive says of itself.</returns>
    /// <exception cref="OpsException"><c>Backup.Damaged</c>, <c>Backup.Incomplete</c>.</exception>
    public static async Task<PgArchive> CheckAsync(
        string name, IReadOnlyCollection<string> files, Func<string, CancellationToken, Task<Stream>> open, Func<Stream, string, Stream> decompress, CancellationToken cancellationToken)
    {
        if (!files.Contains(Contents))
        {
            throw DumpErrors.Incomplete(name, $"{Contents} is missing.");
        }

        PgArchive archive;
        await using (var contents = await open(Contents, cancellationToken))
        {
            archive = await PgArchiveReader.ReadContentsAsync(new ByteReader(contents, $"{name}/{Contents}"), cancellationToken);
        }

        foreach (var entry in archive.Entries.Where(entry => entry.HasData))
        {
            var file = Find(name, files, entry.FileName, $"{entry.Kind} {entry.Tag}");
            if (entry.Kind != LargeObjects)
            {
                await ReadAsync(file, isRows: entry.Copy is not null, cancellationToken);
                continue;
            }

            // A list of large objects, one a line: number, name of the file.
            foreach (var line in (await ReadTextAsync(file, cancellationToken)).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                await ReadAsync(Find(name, files, line.Split(' ')[^1], $"the large object {line.Split(' ')[0]}"), isRows: false, cancellationToken);
            }
        }

        return archive;

        async Task ReadAsync(string file, bool isRows, CancellationToken token)
        {
            await using var stream = await open(file, token);
            await using var content = decompress(stream, file);
            var (buffer, last, count) = (new byte[64 * 1024], Array.Empty<byte>(), 0);
            while ((count = await content.ReadAsync(buffer, token)) > 0)
            {
                last = count >= 16 ? buffer[(count - 16)..count] : [.. last.TakeLast(16), .. buffer[..count]];
            }

            // What COPY has written ends with its mark, which shows a file that was cut off where nothing else would: uncompressed.
            if (isRows && !last.AsSpan().TrimEnd((byte)'\n').EndsWith("\\."u8))
            {
                throw DumpErrors.Incomplete($"{name}/{file}", "the mark at the end of its rows is missing.");
            }
        }

        async Task<string> ReadTextAsync(string file, CancellationToken token)
        {
            await using var stream = await open(file, token);
            using var reader = new StreamReader(decompress(stream, file));
            var text = await reader.ReadToEndAsync(token);
            return text.Length == 0 || text.EndsWith('\n') ? text : throw DumpErrors.Incomplete($"{name}/{file}", "its last line is cut off.");
        }
    }

    private static string Find(string name, IReadOnlyCollection<string> files, string? wanted, string what) =>
        wanted is null || wanted.Contains('/', StringComparison.Ordinal) || wanted is ".." or "."
            ? throw DumpErrors.Damaged(name, $"{what} has no file.")
            : Endings.Select(ending => wanted + ending).FirstOrDefault(files.Contains)
                ?? throw DumpErrors.Incomplete(name, $"the file {wanted} of {what} is missing.");
}
