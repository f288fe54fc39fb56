namespace OpsRunbook.Engine.Logs.Sources;

/// <summary>Makes records of both outputs of a container, each joined by itself, and gives them in order of time.</summary>
internal sealed class ContainerRecords
{
    // The lines of one record are written at once.
    private static readonly TimeSpan Together = TimeSpan.FromSeconds(1);

    private readonly LineRecords _output;
    private readonly LineRecords _error;
    private readonly PriorityQueue<LogRecord, (DateTime, int)> _finished = new();
    private int _order;

    /// <summary>Prepares the records of a container.</summary>
    /// <param name="origin">How they are named.</param>
    /// <param name="container">Name of the container.</param>
    public ContainerRecords(RecordOrigin origin, string container)
    {
        _output = Create("stdout");
        _error = Create("stderr");

        LineRecords Create(string stream) => new(origin, TimeZoneInfo.Utc)
        {
            Fields = new Dictionary<string, object?>(StringComparer.OrdinalIgnoreCase) { ["stream"] = stream, ["container"] = container },
        };
    }

    /// <summary>Takes lines.</summary>
    /// <param name="lines">The lines in the order of the engine.</param>
    /// <param name="all">Nothing more is expected of what is under way.</param>
    /// <returns>The records that are whole and cannot be preceded by another one.</returns>
    public IEnumerable<LogRecord> Take(IReadOnlyList<ContainerLine> lines, bool all)
    {
        foreach (var line in lines)
        {
            var (own, other) = line.IsError ? (_error, _output) : (_output, _error);
            Finish(own, other.LastTime is { } && own.LastTime < line.Time - Together);
            own.Add(line.Text, time: line.Time);
            Finish(own, all: false);
            Finish(other, other.LastTime < line.Time - Together);
        }

        if (all)
        {
            Finish(_output, all: true);
            Finish(_error, all: true);
        }

        var limit = new[] { _output.PendingTime, _error.PendingTime }.Min();
        while (_finished.TryPeek(out var record, out _) && (limit is null || record.Time is null || record.Time <= limit))
        {
            yield return _finished.Dequeue();
        }
    }

    private void Finish(LineRecords records, bool all)
    {
        foreach (var record in records.Take(all))
        {
            _finished.Enqueue(record, (record.Time ?? DateTime.MinValue, _order++));
        }
    }
}
