namespace OpsRunbook.Engine.Logs;

/// <summary>
/// One log: a file, a unit of the journal, the output of a container, a stream of Loki. A source reads and
/// recognises; <see cref="LogReader"/> filters, merges and counts.
/// </summary>
public interface ILogSource
{
    /// <summary>What it is called in errors and in <see cref="LogRecord.SourceFile"/>.</summary>
    string Name { get; }

    /// <summary>
    /// True when the source itself gives only records that the whole query accepts, with their context. Otherwise it may
    /// give more (it should at least ask for the time range where it can), and the reader filters.
    /// </summary>
    bool Filters => false;

    /// <summary>
    /// The earliest time at which it may have a wanted record, when that is cheap to know. A source is not read before its time
    /// has come, so that a hundred rotated files are not open at once.
    /// </summary>
    /// <param name="query">What is wanted.</param>
    /// <param name="cancellationToken">Ends the look.</param>
    /// <returns>UTC; null when it is not known, and the source is read from the beginning of the merge.</returns>
    ValueTask<DateTime?> StartAsync(LogQuery query, CancellationToken cancellationToken) => ValueTask.FromResult<DateTime?>(null);

    /// <summary>
    /// The records in the order of the source. With <see cref="LogQuery.Follow"/> it goes on until cancelled, and without
    /// <see cref="LogQuery.Since"/> and <see cref="LogQuery.Last"/> it then begins with what comes next.
    /// </summary>
    /// <param name="query">What is wanted.</param>
    /// <param name="output">Takes errors about a part that cannot be read, while the rest goes on.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The records.</returns>
    /// <exception cref="OpsException">Nothing of it can be read; the other sources go on.</exception>
    IAsyncEnumerable<LogRecord> ReadAsync(LogQuery query, IOperationOutput output, CancellationToken cancellationToken);
}
