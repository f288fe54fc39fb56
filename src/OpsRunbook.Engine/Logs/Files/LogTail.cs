using System.Runtime.CompilerServices;
using OpsRunbook.Engine.Logs.Formats;
using OpsRunbook.Engine.Logs.Scanning;

namespace OpsRunbook.Engine.Logs.Files;

/// <summary>Goes on with what is written to a file, also when the file is renamed and made anew, or truncated.</summary>
internal sealed class LogTail(LogFileSource source, string path, LogFormat format, RecordMatcher matcher, LogQuery query, IOperationOutput output)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    // A stack trace is written at once. A record whose next line has not come for so long is whole.
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(400);

    private readonly List<byte> _pending = [];
    private LogFormat _format = format;
    private readonly ContextWindow _window = new(query.ContextBefore, query.ContextAfter);
    private long _offset;

    /// <summary>The records that come.</summary>
    /// <param name="start">Byte to begin at.</param>
    /// <param name="cancellationToken">Ends the following.</param>
    /// <returns>The records.</returns>
    public async IAsyncEnumerable<LogRecord> ReadAsync(long start, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var file = Open();
        var identity = Identity(file);
        var buffer = new byte[64 * 1024];
        var quiet = TimeSpan.Zero;
        _offset = start;
        try
        {
            while (true)
            {
                var read = file is null ? 0 : await RandomAccess.ReadAsync(file.SafeFileHandle, buffer, _offset + _pending.Count, cancellationToken);
                if (read > 0)
                {
                    _pending.AddRange(buffer.AsSpan(0, read));
                    quiet = TimeSpan.Zero;
                }

                foreach (var record in Take(all: quiet >= Quiet))
                {
                    yield return record;
                }

                if (read > 0)
                {
                    continue;
                }

                if (Next(file, identity) is { } next)
                {
                    foreach (var record in Take(all: true))
                    {
                        yield return record;
                    }

                    file?.Dispose();
                    (file, identity, _offset) = (next, Identity(next), 0);
                    _pending.Clear();
                    continue;
                }

                await Task.Delay(Interval, cancellationToken);
                quiet += Interval;
            }
        }
        finally
        {
            file?.Dispose();
        }
    }

    // Where the open file is now. After a rename this is its new name, so it tells whether the path still means the same file.
    private static string? Identity(FileStream? file) =>
        file is null ? null
        : OperatingSystem.IsLinux() ? new FileInfo($"/proc/self/fd/{file.SafeFileHandle.DangerousGetHandle()}").LinkTarget
        : file.Name;

    private FileStream? Open()
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    // The file to go on with, when it is another one, or the same one from its beginning.
    private FileStream? Next(FileStream? file, string? identity)
    {
        if (file is not null && file.Length < _offset + _pending.Count)
        {
            output.Verbose($"{path} was truncated and is read from its beginning.");
            return Open();
        }

        if (file is not null && string.Equals(Identity(file), identity, StringComparison.Ordinal))
        {
            return null;
        }

        // While nothing is in the new file, the writer may still hold the old one.
        var next = Open();
        if (next is { Length: > 0 })
        {
            output.Verbose($"{path} was rotated and is read anew.");
            return next;
        }

        next?.Dispose();
        return null;
    }

    private List<LogRecord> Take(bool all)
    {
        var records = new List<LogRecord>();
        var bytes = _pending.ToArray();
        var end = all ? Array.LastIndexOf(bytes, (byte)'\n') + 1 : _format.LastRecordStart(bytes);
        if (bytes.Length > RecordScanner.LongestRecord)
        {
            end = bytes.Length;
        }

        if (end == 0)
        {
            return records;
        }

        if (_offset == 0)
        {
            // Nothing was known of the file while it was empty.
            _format = LogFormats.Recognise(bytes.AsSpan(0, end));
        }

        var clock = new LogClock(DateTime.UtcNow, query.Zone ?? TimeZoneInfo.Local);
        var builder = new RecordBuilder(source, _format, clock, matcher, isFound: false, query.HasContext, (record, wanted) =>
            records.AddRange(query.HasContext ? _window.Add(record, wanted) : [record]))
        {
            CountsLines = false,
            Origin = _offset,
        };
        new RecordScanner(_format, null).Scan(new MemoryBytes(bytes, end), 0, end, builder, CancellationToken.None);
        _pending.RemoveRange(0, end);
        _offset += end;
        return records;
    }
}
