using OpsRunbook.Engine.Logs.Files;
using OpsRunbook.Engine.Logs.Formats;
using OpsRunbook.Engine.Logs.Scanning;

namespace OpsRunbook.Engine.Logs.Measuring;

/// <summary>Counts the requests of a file that a core scans.</summary>
/// <param name="file">The file.</param>
/// <param name="matcher">Decides which records are wanted.</param>
/// <param name="bucket">Width of a bucket of time, ticks.</param>
/// <param name="counts">Takes the counts.</param>
internal sealed class AccessVisitor(LogFile file, RecordMatcher matcher, long bucket, AccessCounts counts) : IRecordVisitor
{
    private readonly LogClock _clock = file.Clock();
    private readonly bool _isJson = file.Format is JsonFormat;
    private readonly bool _isFound = matcher.Prefilter is not null && file.Format.IsSplittable;
    private readonly byte[] _route = new byte[(PatternFolder.Longest * 2) + 16];
    private (long Number, AccessCount? Count) _time;

    /// <inheritdoc/>
    public bool CountsLines => false;

    /// <inheritdoc/>
    public void Visit(ReadOnlySpan<byte> record, long offset, long line, bool isCut)
    {
        LogHead head = default;
        AccessLine request;
        if (_isJson)
        {
            if (!JsonFormat.Instance.TryReadHead(record, _clock, out head) || !AccessLine.TryReadJson(record, out request))
            {
                counts.Foreign++;
                return;
            }

            request.Time = head.Time;
        }
        else
        {
            if (!AccessLine.TryRead(record, _clock, out request))
            {
                counts.Foreign++;
                return;
            }

            head = new LogHead(request.Time, LogLevel.Unknown, 0, 0);
        }

        if (matcher.Accepts(record, head, _isFound))
        {
            Count(request);
        }
    }

    private void Count(in AccessLine request)
    {
        var (status, bytes, micros) = (request.Status, request.Bytes, double.IsNaN(request.Seconds) ? -1 : (long)(request.Seconds * 1e6));
        counts.Codes[status]++;
        var method = request.Method[..Math.Min(request.Method.Length, 10)];
        method.CopyTo(_route);
        _route[method.Length] = (byte)' ';
        var length = method.Length + 1 + PatternFolder.FoldRoute(request.Path, _route.AsSpan(method.Length + 1));
        counts.Routes.Get(_route.AsSpan(0, length), out _).Add(status, bytes, micros);
        if (!request.Client.IsEmpty)
        {
            counts.AddClient(request.Client[..Math.Min(request.Client.Length, 64)], status, bytes);
        }

        if (request.Time == 0)
        {
            return;
        }

        counts.First = counts.First == 0 || request.Time < counts.First ? request.Time : counts.First;
        counts.Last = Math.Max(counts.Last, request.Time);
        var number = request.Time / bucket;
        if (_time.Count is null || _time.Number != number)
        {
            if (!counts.Times.TryGetValue(number, out var count))
            {
                count = new AccessCount([]);
                counts.Times.Add(number, count);
            }

            _time = (number, count);
        }

        _time.Count!.Add(status, bytes, micros);
    }
}
