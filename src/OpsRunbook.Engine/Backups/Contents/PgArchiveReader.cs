using System.Buffers.Binary;
using System.IO.Compression;

namespace OpsRunbook.Engine.Backups;

/// <summary>
/// Reads archives of <c>pg_dump</c>: the table of contents, and every block of data to its end. <c>pg_restore -l</c> reads the first only, and
/// so finds nothing wrong with an archive of which most is missing.
/// </summary>
internal sealed class PgArchiveReader
{
    private const int VersionWithRevision = 101;
    private const int OldestVersion = 112;
    private const int NewestVersion = 116;
    private const int Version14 = 114;
    private const int Version15 = 115;
    private const int Version16 = 116;
    private const int LargestText = 1 << 30;
    private const int DataBlock = 1;
    private const int LargeObjectBlock = 3;
    private const byte OffsetPresent = 2;

    private readonly ByteReader _reader;
    private int _intSize;
    private int _offsetSize;

    private PgArchiveReader(ByteReader reader) => _reader = reader;

    /// <summary>The first bytes of every archive.</summary>
    public static ReadOnlySpan<byte> Magic => "PGDMP"u8;

    /// <summary>Reads the table of contents of an archive whose data lies elsewhere.</summary>
    /// <param name="reader">The file <c>toc.dat</c>.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>What the archive says of itself.</returns>
    /// <exception cref="OpsException"><c>Backup.Damaged</c>.</exception>
    public static async Task<PgArchive> ReadContentsAsync(ByteReader reader, CancellationToken cancellationToken)
    {
        var archive = await new PgArchiveReader(reader).ReadHeadAsync(cancellationToken);
        return await reader.IsAtEndAsync(cancellationToken) ? archive : throw DumpErrors.Damaged(reader.Name, "something follows its table of contents.");
    }

    /// <summary>Reads the table of contents of an archive, and no further.</summary>
    /// <param name="reader">The file.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>What the archive says of itself.</returns>
    /// <exception cref="OpsException"><c>Backup.Damaged</c>.</exception>
    public static Task<PgArchive> PeekAsync(ByteReader reader, CancellationToken cancellationToken) => new PgArchiveReader(reader).ReadHeadAsync(cancellationToken);

    /// <summary>Reads a whole archive of the custom format, and looks whether all its data is there and can be decompressed.</summary>
    /// <param name="reader">The file.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>What the archive says of itself.</returns>
    /// <exception cref="OpsException"><c>Backup.Damaged</c>, <c>Backup.Incomplete</c>.</exception>
    public static async Task<PgArchive> CheckAsync(ByteReader reader, CancellationToken cancellationToken)
    {
        var self = new PgArchiveReader(reader);
        var archive = await self.ReadHeadAsync(cancellationToken);
        if (archive.Format != PgArchiveFormat.Custom)
        {
            throw DumpErrors.Damaged(reader.Name, $"it is the table of contents of an archive in {archive.Format} format, without its data.");
        }

        var missing = archive.Entries.Where(entry => entry.HasData).ToDictionary(entry => entry.Id);
        while (!await reader.IsAtEndAsync(cancellationToken))
        {
            await self.CheckBlockAsync(archive.Compression, missing, cancellationToken);
        }

        return missing.Count == 0
            ? archive
            : throw DumpErrors.Incomplete(reader.Name, $"the data of {missing.Count} of its entries is not there, the first of them {Show(missing.Values.First())}.");
    }

    private static string Show(PgArchiveEntry entry) => $"{entry.Kind} {(entry.Schema is null ? string.Empty : entry.Schema + ".")}{entry.Tag}";

    private OpsException Damaged(string cause) => DumpErrors.Damaged(_reader.Name, cause);

    private async Task<PgArchive> ReadHeadAsync(CancellationToken cancellationToken)
    {
        var magic = new byte[Magic.Length];
        await _reader.ReadAsync(magic, cancellationToken);
        if (!magic.AsSpan().SequenceEqual(Magic))
        {
            throw Damaged("it does not begin as an archive of pg_dump.");
        }

        var version = (await _reader.ReadByteAsync(cancellationToken) * 100) + await _reader.ReadByteAsync(cancellationToken);
        if (version >= VersionWithRevision)
        {
            _ = await _reader.ReadByteAsync(cancellationToken);
        }

        if (version is < OldestVersion or > NewestVersion)
        {
            throw new OpsException(
                "Backup.VersionUnknown",
                OpsErrorKind.InvalidData,
                $"{_reader.Name} is an archive of version {version / 100}.{version % 100}; known are {OldestVersion / 100}.{OldestVersion % 100} to {NewestVersion / 100}.{NewestVersion % 100}.",
                "Check it with the pg_restore of the version that wrote it.",
                _reader.Name);
        }

        (_intSize, _offsetSize) = (await _reader.ReadByteAsync(cancellationToken), await _reader.ReadByteAsync(cancellationToken));
        var format = (PgArchiveFormat)await _reader.ReadByteAsync(cancellationToken);
        if (_intSize is < 4 or > 8 || _offsetSize is < 4 or > 8 || !Enum.IsDefined(format))
        {
            throw Damaged("its head makes no sense.");
        }

        PgArchiveCompression compression;
        if (version >= Version15)
        {
            compression = (PgArchiveCompression)await _reader.ReadByteAsync(cancellationToken);
            if (!Enum.IsDefined(compression))
            {
                throw Damaged("its head makes no sense.");
            }
        }
        else
        {
            compression = await IntAsync(cancellationToken) == 0 ? PgArchiveCompression.None : PgArchiveCompression.Gzip;
        }

        // Second to daylight saving.
        for (var part = 0; part < 7; part++)
        {
            await IntAsync(cancellationToken);
        }

        var database = await TextAsync(cancellationToken) ?? string.Empty;
        var server = await TextAsync(cancellationToken) ?? string.Empty;
        var program = await TextAsync(cancellationToken) ?? string.Empty;
        var count = await IntAsync(cancellationToken);
        if (count < 0)
        {
            throw Damaged("its table of contents makes no sense.");
        }

        var entries = new List<PgArchiveEntry>();
        for (var index = 0; index < count; index++)
        {
            entries.Add(await ReadEntryAsync(version, format, cancellationToken));
        }

        return new PgArchive(format, compression, database, server, program, version, entries);
    }

    private async Task<PgArchiveEntry> ReadEntryAsync(int version, PgArchiveFormat format, CancellationToken cancellationToken)
    {
        var id = await IntAsync(cancellationToken);
        var hasDumper = await IntAsync(cancellationToken) != 0;
        await SkipTextAsync(2, cancellationToken);
        var tag = await TextAsync(cancellationToken);
        var kind = await TextAsync(cancellationToken);
        await IntAsync(cancellationToken);
        await SkipTextAsync(2, cancellationToken);
        var copy = await TextAsync(cancellationToken);
        var schema = await TextAsync(cancellationToken);
        await SkipTextAsync(1, cancellationToken);
        if (version >= Version14)
        {
            await SkipTextAsync(1, cancellationToken);
        }

        if (version >= Version16)
        {
            await IntAsync(cancellationToken);
        }

        await SkipTextAsync(2, cancellationToken);
        while (await TextAsync(cancellationToken) is not null)
        {
            // Numbers of the entries that this one depends on.
        }

        string? file = null;
        if (format == PgArchiveFormat.Custom)
        {
            var state = await _reader.ReadByteAsync(cancellationToken);
            await _reader.SkipAsync(_offsetSize, cancellationToken);
            if (state is < 1 or > 3)
            {
                throw Damaged("its table of contents makes no sense.");
            }

            hasDumper |= state == OffsetPresent;
        }
        else
        {
            file = await TextAsync(cancellationToken) is { Length: > 0 } name ? name : null;
        }

        return id > 0 && tag is not null && kind is not null
            ? new PgArchiveEntry(id, kind, schema is { Length: > 0 } ? schema : null, tag, copy is { Length: > 0 } ? copy : null, hasDumper, file)
            : throw Damaged("its table of contents makes no sense.");
    }

    private async Task CheckBlockAsync(PgArchiveCompression compression, Dictionary<int, PgArchiveEntry> missing, CancellationToken cancellationToken)
    {
        var (kind, id) = (await _reader.ReadByteAsync(cancellationToken), await IntAsync(cancellationToken));
        if (!missing.Remove(id, out var entry))
        {
            throw Damaged($"there is data before byte {_reader.Position} that belongs to nothing in its table of contents.");
        }

        switch (kind)
        {
            case DataBlock:
                await CheckDataAsync(compression, entry, cancellationToken);
                break;
            case LargeObjectBlock:
                while (await IntAsync(cancellationToken) != 0)
                {
                    await CheckDataAsync(compression, entry, cancellationToken);
                }

                break;
            default:
                throw Damaged($"the data of {Show(entry)} begins with an unknown mark.");
        }
    }

    private async Task CheckDataAsync(PgArchiveCompression compression, PgArchiveEntry entry, CancellationToken cancellationToken)
    {
        var chunks = new Chunks(this);
        if (compression == PgArchiveCompression.Gzip)
        {
            await CheckZlibAsync(chunks, entry, cancellationToken);
        }

        // Of LZ4 and Zstandard only that it is all there; the caller lets pg_restore decompress it.
        await chunks.DrainAsync(cancellationToken);
    }

    // The decoder takes the end of its input for the end of the data, and then has not looked at the checksum behind it.
    private async Task CheckZlibAsync(Chunks chunks, PgArchiveEntry entry, CancellationToken cancellationToken)
    {
        var sum = new Adler32();
        var buffer = new byte[64 * 1024];
        try
        {
            await using var decoder = new ZLibStream(chunks, CompressionMode.Decompress, leaveOpen: true);
            int count;
            while ((count = await decoder.ReadAsync(buffer, cancellationToken)) > 0)
            {
                sum.Append(buffer.AsSpan(0, count));
            }
        }
        catch (InvalidDataException error)
        {
            throw DumpErrors.Damaged(_reader.Name, $"the data of {Show(entry)} cannot be decompressed: {error.Message}", error);
        }

        await chunks.DrainAsync(cancellationToken);
        if (BinaryPrimitives.ReadUInt32BigEndian(chunks.Last) != sum.Value)
        {
            throw Damaged($"the data of {Show(entry)} does not have its checksum.");
        }
    }

    private async ValueTask<int> IntAsync(CancellationToken cancellationToken)
    {
        var negative = await _reader.ReadByteAsync(cancellationToken) != 0;
        long value = 0;
        for (var index = 0; index < _intSize; index++)
        {
            value |= (long)await _reader.ReadByteAsync(cancellationToken) << (8 * index);
        }

        return value is >= 0 and <= int.MaxValue ? (int)(negative ? -value : value) : value is > 0 and <= uint.MaxValue ? unchecked((int)value) : throw Damaged("a number in it makes no sense.");
    }

    private async ValueTask<string?> TextAsync(CancellationToken cancellationToken)
    {
        var length = await IntAsync(cancellationToken);
        return length switch
        {
            < 0 => null,
            > LargestText => throw Damaged("a text in it makes no sense."),
            _ => await _reader.ReadTextAsync(length, cancellationToken),
        };
    }

    private async ValueTask SkipTextAsync(int times, CancellationToken cancellationToken)
    {
        for (var time = 0; time < times; time++)
        {
            var length = await IntAsync(cancellationToken);
            await _reader.SkipAsync(Math.Max(0, length), cancellationToken);
        }
    }

    /// <summary>The chunks of one piece of data as one stream.</summary>
    private sealed class Chunks(PgArchiveReader archive) : ReadOnlyStream
    {
        private readonly byte[] _last = new byte[4];
        private int _left;
        private bool _ended;

        /// <summary>The last four bytes.</summary>
        public ReadOnlySpan<byte> Last => _last;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_left == 0 && !_ended)
            {
                _left = await archive.IntAsync(cancellationToken);
                _ended = _left == 0;
                if (_left < 0)
                {
                    throw archive.Damaged("the length of a piece of data makes no sense.");
                }
            }

            if (_ended || buffer.Length == 0)
            {
                return 0;
            }

            var count = await archive._reader.ReadSomeAsync(buffer[..Math.Min(buffer.Length, _left)], cancellationToken);
            _left -= count;
            Keep(buffer.Span[..count]);
            return count;
        }

        public async Task DrainAsync(CancellationToken cancellationToken)
        {
            var buffer = new byte[16 * 1024];
            while (await ReadAsync(buffer, cancellationToken) > 0)
            {
                // Nothing of it is wanted.
            }
        }

        private void Keep(ReadOnlySpan<byte> fresh)
        {
            if (fresh.Length >= _last.Length)
            {
                fresh[^_last.Length..].CopyTo(_last);
                return;
            }

            _last.AsSpan(fresh.Length).CopyTo(_last);
            fresh.CopyTo(_last.AsSpan(_last.Length - fresh.Length));
        }
    }
}
