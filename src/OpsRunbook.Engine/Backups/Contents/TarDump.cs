using System.Formats.Tar;

namespace OpsRunbook.Engine.Backups;

/// <summary>Reads archives of <c>pg_dump</c> in tar format. Nothing is unpacked.</summary>
internal static class TarDump
{
    private const string LargeObjectList = "blobs.toc";
    private const int Block = 512;
    private const int MagicAt = 257;

    /// <summary>The file begins as a tar file.</summary>
    /// <param name="head">Its first 512 bytes.</param>
    /// <returns>True when it does.</returns>
    public static bool IsTar(ReadOnlySpan<byte> head) => head.Length >= Block && head[MagicAt..].StartsWith("ustar"u8);

    /// <summary>Reads a whole archive.</summary>
    /// <param name="stream">The archive.</param>
    /// <param name="name">What it is called in messages.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>What the archive says of itself.</returns>
    /// <exception cref="OpsException"><c>Backup.UnsafeEntry</c>, <c>Backup.Damaged</c>, <c>Backup.Incomplete</c>.</exception>
    public static async Task<PgArchive> CheckAsync(Stream stream, string name, CancellationToken cancellationToken)
    {
        var counted = new Counted(stream);
        var files = new Dictionary<string, bool>(StringComparer.Ordinal);
        PgArchive? archive = null;
        var largeObjects = string.Empty;
        try
        {
            await using var tar = new TarReader(counted, leaveOpen: true);
            while (await tar.GetNextEntryAsync(copyData: false, cancellationToken) is { } entry)
            {
                RequireSafe(name, entry);
                var ended = false;
                if (entry.Name == DumpFolder.Contents)
                {
                    archive = await PgArchiveReader.ReadContentsAsync(new ByteReader(entry.DataStream ?? Stream.Null, $"{name}/{entry.Name}"), cancellationToken);
                }
                else if (entry.Name == LargeObjectList && entry.DataStream is { } list)
                {
                    using var text = new StreamReader(list, leaveOpen: true);
                    largeObjects = await text.ReadToEndAsync(cancellationToken);
                }
                else if (entry.DataStream is { } content)
                {
                    ended = await EndsWithMarkAsync(content, cancellationToken);
                }

                files[entry.Name] = ended;
            }
        }
        catch (Exception error) when (error is InvalidDataException or FormatException or EndOfStreamException or ArgumentException)
        {
            throw DumpErrors.Damaged(name, $"it is no whole tar file: {error.Message}", error);
        }

        // Two blocks of zeros stand at the end; without them the last file may be missing.
        await counted.DrainAsync(cancellationToken);
        if (counted.Zeros < 2 * Block)
        {
            throw DumpErrors.Incomplete(name, "the mark at the end of the tar file is missing.");
        }

        if (archive is null)
        {
            throw DumpErrors.FormatUnknown(name);
        }

        // The entry of the large objects names a file that is never written; their list does not.
        foreach (var line in largeObjects.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            RequireFile(line.Split(' ')[^1], $"the large object {line.Split(' ')[0]}");
        }

        foreach (var entry in archive.Entries.Where(entry => entry.HasData))
        {
            if (entry.Kind == "BLOBS")
            {
                RequireFile(LargeObjectList, "its large objects");
                continue;
            }

            if (entry.FileName is null || !files.TryGetValue(entry.FileName, out var ended))
            {
                throw DumpErrors.Incomplete(name, $"the data of {entry.Kind} {entry.Tag} is not there.");
            }

            if (entry.Copy is not null && !ended)
            {
                throw DumpErrors.Incomplete(name, $"the rows of {entry.Tag} have no end.");
            }
        }

        return archive;

        void RequireFile(string file, string what)
        {
            if (!files.ContainsKey(file))
            {
                throw DumpErrors.Incomplete(name, $"the file {file} of {what} is not there.");
            }
        }
    }

    private static void RequireSafe(string name, TarEntry entry)
    {
        if (entry.EntryType is TarEntryType.SymbolicLink or TarEntryType.HardLink)
        {
            throw DumpErrors.Unsafe(name, entry.Name, $"a link to '{entry.LinkName}'");
        }

        if (entry.Name.StartsWith('/') || entry.Name.Split('/', '\\').Contains(".."))
        {
            throw DumpErrors.Unsafe(name, entry.Name, "which leads out of the folder");
        }

        if (entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.Directory))
        {
            throw DumpErrors.Unsafe(name, entry.Name, $"which is a {entry.EntryType}");
        }
    }

    private static async Task<bool> EndsWithMarkAsync(Stream content, CancellationToken cancellationToken)
    {
        var (buffer, last, count) = (new byte[64 * 1024], Array.Empty<byte>(), 0);
        while ((count = await content.ReadAsync(buffer, cancellationToken)) > 0)
        {
            last = count >= 16 ? buffer[(count - 16)..count] : [.. last.TakeLast(16), .. buffer[..count]];
        }

        return last.AsSpan().TrimEnd((byte)'\n').EndsWith("\\."u8);
    }

    /// <summary>Counts the zeros at the end of what was read.</summary>
    private sealed class Counted(Stream stream) : ReadOnlyStream
    {
        public long Zeros { get; private set; }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var count = await stream.ReadAsync(buffer, cancellationToken);
            var last = buffer.Span[..count].LastIndexOfAnyExcept((byte)0);
            Zeros = last < 0 ? Zeros + count : count - last - 1;
            return count;
        }

        public async Task DrainAsync(CancellationToken cancellationToken)
        {
            var buffer = new byte[64 * 1024];
            while (await ReadAsync(buffer, cancellationToken) > 0)
            {
                // Only counted.
            }
        }
    }
}
