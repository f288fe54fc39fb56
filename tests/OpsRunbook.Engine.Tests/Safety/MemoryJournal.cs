using OpsRunbook.Engine.State;

namespace OpsRunbook.Engine.Tests.Safety;

/// <summary>Keeps the records of one test.</summary>
internal sealed class MemoryJournal : IJournal
{
    private readonly List<JournalRecord> _records = [];

    public IReadOnlyList<JournalRecord> Records
    {
        get
        {
            lock (_records)
            {
                return [.. _records];
            }
        }
    }

    /// <summary>Thrown instead of keeping a record.</summary>
    public OpsException? Failure { get; set; }

    public Task AppendAsync(JournalRecord record, CancellationToken cancellationToken)
    {
        if (Failure is not null)
        {
            throw Failure;
        }

        lock (_records)
        {
            _records.Add(record);
        }

        return Task.CompletedTask;
    }

    public IAsyncEnumerable<JournalRecord> ReadAsync(IOperationOutput output, CancellationToken cancellationToken) => Records.ToAsyncEnumerable();
}
