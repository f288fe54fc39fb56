namespace OpsRunbook.Engine.Logs;

/// <summary>Picks wanted records of one source together with their neighbours.</summary>
/// <param name="before">So many before each wanted one.</param>
/// <param name="after">So many after each wanted one.</param>
internal sealed class ContextWindow(int before, int after)
{
    private readonly Queue<LogRecord> _before = new();
    private int _after;

    /// <summary>Takes the next record.</summary>
    /// <param name="record">The record.</param>
    /// <param name="wanted">It is wanted for itself.</param>
    /// <returns>What is to be given now.</returns>
    public IEnumerable<LogRecord> Add(LogRecord record, bool wanted)
    {
        if (wanted)
        {
            while (_before.TryDequeue(out var earlier))
            {
                yield return earlier;
            }

            _after = after;
            yield return record;
        }
        else if (_after > 0)
        {
            _after--;
            yield return AsContext(record);
        }
        else if (before > 0)
        {
            if (_before.Count == before)
            {
                _before.Dequeue();
            }

            _before.Enqueue(AsContext(record));
        }
    }

    private static LogRecord AsContext(LogRecord record) => new()
    {
        Time = record.Time,
        Level = record.Level,
        Service = record.Service,
        Host = record.Host,
        Message = record.Message,
        Fields = record.Fields,
        SourceFile = record.SourceFile,
        SourceLine = record.SourceLine,
        SourceOffset = record.SourceOffset,
        Truncated = record.Truncated,
        IsContext = true,
    };
}
