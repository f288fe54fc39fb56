using OpsRunbook.Engine.Logs.Formats;
using OpsRunbook.Engine.Logs.Scanning;

namespace OpsRunbook.Engine.Logs.Files;

/// <summary>One log file that is open: its format is known, and its parts can be read by several threads.</summary>
internal sealed class LogFile : IDisposable
{
    // Far behind any end, with room to count on.
    private const long Unknown = long.MaxValue / 2;

    private static readonly TimeSpan ClockDifference = TimeSpan.FromHours(1);

    private readonly IByteReader _reader;

    private LogFile(string path, IByteReader reader, long length, bool isPacked, DateTime written, TimeZoneInfo zone, ReadOnlySpan<byte> sample)
    {
        (Path, _reader, Length, IsPacked, Written, Zone) = (path, reader, length, isPacked, written, zone);
        Format = LogFormats.Recognise(sample);
        First = FirstTime(sample);
    }

    /// <summary>Full path.</summary>
    public string Path { get; }

    /// <summary>Bytes at the time of opening; of a packed file not known, and far too many.</summary>
    public long Length { get; }

    /// <summary>It is gzip, and can only be read from its beginning.</summary>
    public bool IsPacked { get; }

    /// <summary>How its records look.</summary>
    public LogFormat Format { get; }

    /// <summary>When it was last written, UTC.</summary>
    public DateTime Written { get; }

    /// <summary>Zone of its times that do not say theirs.</summary>
    public TimeZoneInfo Zone { get; }

    /// <summary>Time of the first record that has one, UTC; null when there is none near the beginning.</summary>
    public DateTime? First { get; }

    /// <summary>Its parts can be read in any order.</summary>
    public bool IsSplittable => !IsPacked && Format.IsSplittable;

    /// <summary>The bytes.</summary>
    public IByteReader Reader => _reader;

    /// <summary>A file that is read by other means than this machine's files.</summary>
    /// <param name="path">Name for messages.</param>
    /// <param name="reader">Reads it.</param>
    /// <param name="length">Its bytes.</param>
    /// <param name="written">When it was last written, UTC.</param>
    /// <param name="zone">Zone of its times that do not say theirs.</param>
    /// <param name="sample">Its beginning.</param>
    /// <returns>The file.</returns>
    public static LogFile Of(string path, IByteReader reader, long length, DateTime written, TimeZoneInfo zone, ReadOnlySpan<byte> sample) =>
        new(path, reader, length, isPacked: false, written, zone, sample);

    /// <summary>Opens a file and recognises its format.</summary>
    /// <param name="path">Full path.</param>
    /// <param name="onDamage">Takes the failure when a packed file turns out to be cut or damaged.</param>
    /// <param name="zone">Zone of its times that do not say theirs; null for that of this machine.</param>
    /// <returns>The file; dispose it.</returns>
    /// <exception cref="OpsException"><c>Log.FileNotFound</c>, <c>Log.PermissionDenied</c>, <c>Log.CompressionNotSupported</c>, <c>Log.ReadFailed</c>.</exception>
    public static LogFile Open(string path, Action<OpsException> onDamage, TimeZoneInfo? zone = null)
    {
        FileStream? stream = null;
        try
        {
            // Others go on writing, renaming and deleting it.
            stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1);
            var sample = new byte[LogFormats.SampleBytes];
            var read = stream.ReadAtLeast(sample, sample.Length, throwOnEndOfStream: false);
            var isPacked = read > 2 && sample[0] == 0x1f && sample[1] == 0x8b;
            if (!isPacked && Packing(sample.AsSpan(0, read)) is { } kind)
            {
                throw LogErrors.NotSupported(path, kind);
            }

            if (isPacked)
            {
                read = Unpack(path, sample);
                stream.Position = 0;
            }

            var length = isPacked ? Unknown : stream.Length;
            var file = new LogFile(path, isPacked ? new GzipBytes(path, stream, onDamage) : new FileBytes(stream.SafeFileHandle), length, isPacked, File.GetLastWriteTimeUtc(path), zone ?? TimeZoneInfo.Local, sample.AsSpan(0, read));
            stream = null;
            return file;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw LogErrors.Of(path, error);
        }
        finally
        {
            stream?.Dispose();
        }
    }

    /// <summary>It is packed and was last written before a time range, so that unpacking it would give nothing.</summary>
    /// <param name="query">The time range.</param>
    /// <returns>True when it need not be read.</returns>
    public bool IsBefore(LogQuery query) => IsPacked && query.Since is { } since && Written < since - ClockDifference;

    /// <summary>A clock for its times, for one thread.</summary>
    /// <returns>The clock.</returns>
    public LogClock Clock() => new(Written < DateTime.UtcNow ? Written : DateTime.UtcNow, Zone);

    /// <inheritdoc/>
    public void Dispose() => _reader.Dispose();

    private DateTime? FirstTime(ReadOnlySpan<byte> sample)
    {
        var clock = Clock();
        while (!sample.IsEmpty)
        {
            var length = Format.RecordLength(sample);
            if (Format.TryReadHead(sample[..length].Trim("\r\n\0"u8), clock, out var head) && head.Time > 0)
            {
                return new DateTime(head.Time, DateTimeKind.Utc);
            }

            sample = sample[length..];
        }

        return null;
    }

    private static int Unpack(string path, byte[] sample)
    {
        using var gzip = new GzipBytes(path, new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete), _ => { });
        var length = 0;
        while (length < sample.Length && gzip.Read(sample.AsSpan(length), length) is > 0 and var read)
        {
            length += read;
        }

        return length;
    }

    private static string? Packing(ReadOnlySpan<byte> sample) => sample.StartsWith(new byte[] { 0xfd, 0x37, 0x7a, 0x58, 0x5a }) ? "xz"
        : sample.StartsWith("BZh"u8) ? "bzip2"
        : sample.StartsWith(new byte[] { 0x28, 0xb5, 0x2f, 0xfd }) ? "zstd"
        : null;
}
