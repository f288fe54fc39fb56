namespace OpsRunbook.Engine.State;

/// <summary>Where the records of changes are kept. Append-only.</summary>
public interface IJournal
{
    /// <summary>Appends a record. When the task ends the record is on disk.</summary>
    /// <param name="record">The record.</param>
    /// <param name="cancellationToken">Ends the writing; the record may then be there or not.</param>
    /// <returns>A task that ends when the record is safe.</returns>
    /// <exception cref="OpsException"><c>Journal.NotWritten</c>.</exception>
    Task AppendAsync(JournalRecord record, CancellationToken cancellationToken);

    /// <summary>Reads the records, oldest first.</summary>
    /// <param name="output">Takes an error for each record that cannot be read.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The records; none when nothing was ever recorded.</returns>
    /// <exception cref="OpsException"><c>Journal.NotReadable</c>.</exception>
    IAsyncEnumerable<JournalRecord> ReadAsync(IOperationOutput output, CancellationToken cancellationToken);
}
