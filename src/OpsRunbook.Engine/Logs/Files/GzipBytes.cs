using System.IO.Compression;

namespace OpsRunbook.Engine.Logs.Files;

/// <summary>
/// Unpacks a gzip file in its order. .NET's stream ends without a word when the file is cut, so a small packed mark
/// is put behind the file: only after a whole file does the mark come out whole, and what comes out after the file's end is never given on.
/// </summary>
/// <param name="path">Name of the file, for errors.</param>
/// <param name="file">The packed file. Disposed with this.</param>
/// <param name="onDamage">Takes the failure when the file is cut or damaged; what was before it has been given.</param>
internal sealed class GzipBytes(string path, FileStream file, Action<OpsException> onDamage) : Scanning.IByteReader
{
    private static readonly byte[] Mark = Guid.NewGuid().ToByteArray();
    private static readonly byte[] PackedMark = Pack(Mark);

    private readonly GZipStream _stream = new(new Marked(file), CompressionMode.Decompress, leaveOpen: true);
    private long _given;
    private bool _ended;

    /// <inheritdoc/>
    public int Read(Span<byte> buffer, long position)
    {
        if (_ended || buffer.IsEmpty)
        {
            return 0;
        }

        try
        {
            var read = _stream.Read(buffer);
            if (!((Marked)_stream.BaseStream).IsInMark)
            {
                _given += read;
                if (read > 0)
                {
                    return read;
                }

                // The stream ended inside the file: behind it stands what is not gzip.
                End("has bytes that are not gzip");
                return 0;
            }

            // All that the file itself held has been given before its mark was asked for.
            var rest = buffer[..read].ToArray().ToList();
            var more = new byte[64];
            while (rest.Count <= Mark.Length && _stream.Read(more) is > 0 and var count)
            {
                rest.AddRange(more.AsSpan(0, count));
            }

            End(rest.SequenceEqual(Mark) ? null : "ends in the middle of its packed data");
        }
        catch (InvalidDataException error)
        {
            End(((Marked)_stream.BaseStream).IsInMark ? "ends in the middle of its packed data" : $"is damaged ({error.Message})");
        }

        return 0;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stream.Dispose();
        file.Dispose();
    }

    private static byte[] Pack(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
        {
            gzip.Write(bytes);
        }

        return packed.ToArray();
    }

    private void End(string? fault)
    {
        _ended = true;
        if (fault is not null)
        {
            onDamage(LogErrors.Damaged(path, file.Length, _given, fault));
        }
    }

    /// <summary>The file with the mark behind it.</summary>
    private sealed class Marked(FileStream file) : Stream
    {
        private int _mark;

        /// <summary>The file has been read to its end.</summary>
        public bool IsInMark { get; private set; }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            var read = IsInMark ? 0 : file.Read(buffer);
            if (read == 0)
            {
                IsInMark = true;
                read = Math.Min(buffer.Length, PackedMark.Length - _mark);
                PackedMark.AsSpan(_mark, read).CopyTo(buffer);
                _mark += read;
            }

            return read;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
