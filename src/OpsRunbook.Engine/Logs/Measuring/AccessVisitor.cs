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
    private readonly AccessCounter _counter = new(bucket, counts);

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
            _counter.Add(request);
        }
    }
}
