using OpsRunbook.Engine.Logs.Files;
using OpsRunbook.Engine.Logs.Formats;
using OpsRunbook.Engine.Logs.Scanning;

namespace OpsRunbook.Engine.Logs.Sources;

/// <summary>
/// Makes records of lines that come one after another, as from a container or from a file of another host. The format is
/// recognised by the first lines; a record is whole when the next one begins, or when nobody expects more of it.
/// </summary>
/// <param name="origin">Where the lines come from.</param>
/// <param name="zone">Zone of times that do not say theirs.</param>
/// <param name="written">No record is younger, UTC; null for now.</param>
internal sealed class LineRecords(RecordOrigin origin, TimeZoneInfo zone, DateTime? written = null)
{
    private const int EnoughLines = 200;

    private readonly List<byte> _sample = [];
    private readonly Queue<Line> _waiting = new();
    private readonly List<byte> _record = [];
    private readonly List<LogRecord> _finished = [];
    private readonly LogClock? _clock = written is { } limit ? new LogClock(limit, zone) : null;
    private Line? _first;
    private Line? _last;
    private bool _isCut;
    private int _seen;
    private LogFormat? _format;

    /// <summary>What every record says besides its own fields; null for nothing.</summary>
    public IReadOnlyDictionary<string, object?>? Fields { get; init; }

    /// <summary>Time that came with the first line of the record under way; null when there is none, or it has no time.</summary>
    public DateTime? PendingTime => (_waiting.TryPeek(out var line) ? _first ?? line : _first)?.Time;

    /// <summary>Time that came with the last line that was added.</summary>
    public DateTime? LastTime => _last?.Time;

    /// <summary>The format, when it is known from elsewhere.</summary>
    /// <param name="format">The format.</param>
    public void Use(LogFormat format)
    {
        _format = format;
        _seen = EnoughLines;
    }

    /// <summary>Takes the next line.</summary>
    /// <param name="line">The line without its end.</param>
    /// <param name="number">Its number in the source; null when lines are not counted.</param>
    /// <param name="offset">Its first byte in the source; null when that is not known.</param>
    /// <param name="time">When the source took it, UTC. It then is the time of the record, whatever the line itself says; null for none.</param>
    public void Add(byte[] line, long? number = null, long? offset = null, DateTime? time = null)
    {
        var next = new Line(line, number, offset, time);
        _last = next;
        if (_seen < EnoughLines && _sample.Count < LogFormats.SampleBytes)
        {
            _seen++;
            _sample.AddRange(line);
            _sample.Add((byte)'\n');
        }

        if (_format is null)
        {
            _waiting.Enqueue(next);
            if (_seen >= EnoughLines || _sample.Count >= LogFormats.SampleBytes)
            {
                Recognise();
            }

            return;
        }

        Join(next);
    }

    /// <summary>The records that are whole.</summary>
    /// <param name="all">The one under way is whole too: nothing more is expected of it.</param>
    /// <returns>The records in the order of their lines.</returns>
    public List<LogRecord> Take(bool all)
    {
        if (all)
        {
            if (_format is null || (_seen < EnoughLines && _sample.Count < LogFormats.SampleBytes))
            {
                // Few lines may mislead, so what is known of more counts from now on.
                Recognise();
            }

            Finish();
        }

        List<LogRecord> taken = [.. _finished];
        _finished.Clear();
        return taken;
    }

    private void Recognise()
    {
        if (_sample.Count > 0)
        {
            _format = LogFormats.Recognise(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_sample));
        }

        while (_waiting.TryDequeue(out var line))
        {
            Join(line);
        }
    }

    private void Join(Line line)
    {
        if (_first is not null && Begins(line.Bytes))
        {
            Finish();
        }

        if (_first is null)
        {
            _first = line;
            _isCut = line.Bytes.Length >= LineReader.LongestLine;
            _record.AddRange(line.Bytes);
        }
        else if (_record.Count + line.Bytes.Length < RecordScanner.LongestRecord)
        {
            _record.Add((byte)'\n');
            _record.AddRange(line.Bytes);
        }
        else
        {
            _isCut = true;
        }
    }

    private bool Begins(byte[] line)
    {
        if (_format!.IsSplittable)
        {
            return _format.StartsRecord(LogFormat.LineAt(line, 0));
        }

        // Only the record itself tells whether its last field is closed.
        byte[] both = [.. _record, (byte)'\n', .. line, (byte)'\n'];
        return _format.RecordLength(both) <= _record.Count + 1;
    }

    private void Finish()
    {
        if (_first is not { } first)
        {
            return;
        }

        var bytes = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_record).Trim("\r\n\0"u8);
        if (!bytes.IsEmpty)
        {
            var head = _format!.ReadHead(bytes, _clock ?? new LogClock(DateTime.UtcNow, zone), out var isForeign);
            _finished.Add(RecordBuilder.Make(
                origin, isForeign ? null : _format, bytes, first.Time is { } time ? head with { Time = time.Ticks } : head, first.Number, first.Offset, _isCut, Fields));
        }

        (_first, _isCut) = (null, false);
        _record.Clear();
    }

    private sealed record Line(byte[] Bytes, long? Number, long? Offset, DateTime? Time);
}
