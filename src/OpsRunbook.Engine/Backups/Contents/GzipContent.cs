using System.IO.Compression;

namespace OpsRunbook.Engine.Backups;

/// <summary>
/// The content of a gzip file. The runtime's decoder takes the end of its input for the end of the data, so a file that was cut
/// off looks like a shorter one. Therefore a small archive of our own is read behind the file's: its content comes out at the end only if
/// all that is before it was whole.
/// </summary>
internal sealed class GzipContent : ReadOnlyStream
{
    // Random, so that the end of a dump is never taken for it.
    private static readonly byte[] Mark = System.Security.Cryptography.RandomNumberGenerator.GetBytes(16);
    private static readonly byte[] MarkArchive = Compress(Mark);

    private readonly GZipStream _decoder;
    private readonly string _name;
    private readonly byte[] _held = new byte[Mark.Length];
    private int _heldCount;
    private bool _ended;

    /// <summary>Reads a gzip file.</summary>
    /// <param name="archive">The file.</param>
    /// <param name="name">What it is called in messages.</param>
    public GzipContent(Stream archive, string name)
    {
        _name = name;
        _decoder = new GZipStream(new Behind(archive, MarkArchive), CompressionMode.Decompress);
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_ended || buffer.Length == 0)
        {
            return 0;
        }

        // The last bytes are held back until it is known whether they are the mark.
        var room = new byte[Math.Max(buffer.Length, Mark.Length)];
        while (true)
        {
            int count;
            try
            {
                count = await _decoder.ReadAsync(room.AsMemory(0, buffer.Length), cancellationToken);
            }
            catch (InvalidDataException error)
            {
                throw DumpErrors.Damaged(_name, $"it cannot be decompressed: {error.Message}", error);
            }

            if (count == 0)
            {
                _ended = true;
                return _heldCount == Mark.Length && _held.AsSpan().SequenceEqual(Mark)
                    ? 0
                    : throw DumpErrors.Damaged(_name, "its compressed data ends in the middle, or something else follows it.");
            }

            var given = Pass(room.AsSpan(0, count), buffer.Span);
            if (given > 0)
            {
                return given;
            }
        }
    }

    public override async ValueTask DisposeAsync()
    {
        await _decoder.DisposeAsync();
        await base.DisposeAsync();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _decoder.Dispose();
        }

        base.Dispose(disposing);
    }

    // Gives what is certainly not the mark: everything but the last 16 bytes seen so far. It never gives more than came in.
    private int Pass(ReadOnlySpan<byte> fresh, Span<byte> target)
    {
        var give = Math.Max(0, _heldCount + fresh.Length - Mark.Length);
        var fromHeld = Math.Min(give, _heldCount);
        _held.AsSpan(0, fromHeld).CopyTo(target);
        fresh[..(give - fromHeld)].CopyTo(target[fromHeld..]);
        _held.AsSpan(fromHeld, _heldCount - fromHeld).CopyTo(_held);
        _heldCount -= fromHeld;
        var rest = fresh[(give - fromHeld)..];
        rest.CopyTo(_held.AsSpan(_heldCount));
        _heldCount += rest.Length;
        return give;
    }

    private static byte[] Compress(byte[] content)
    {
        using var archive = new MemoryStream();
        using (var encoder = new GZipStream(archive, CompressionLevel.NoCompression))
        {
            encoder.Write(content);
        }

        return archive.ToArray();
    }

    /// <summary>A stream with some bytes behind it.</summary>
    private sealed class Behind(Stream first, byte[] second) : ReadOnlyStream
    {
        private int _given = -1;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_given < 0)
            {
                var count = await first.ReadAsync(buffer, cancellationToken);
                if (count > 0 || buffer.Length == 0)
                {
                    return count;
                }

                _given = 0;
            }

            var rest = Math.Min(buffer.Length, second.Length - _given);
            second.AsMemory(_given, rest).CopyTo(buffer);
            _given += rest;
            return rest;
        }

        public override async ValueTask DisposeAsync()
        {
            await first.DisposeAsync();
            await base.DisposeAsync();
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                first.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}
