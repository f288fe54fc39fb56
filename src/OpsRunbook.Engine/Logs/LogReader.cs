using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace OpsRunbook.Engine.Logs;

/// <summary>Reads several sources as one log in order of time.</summary>
/// <param name="query">What is wanted.</param>
/// <param name="output">Takes an error for each source, or part of one, that cannot be read.</param>
public sealed class LogReader(LogQuery query, IOperationOutput output)
{
    private const int Ahead = 1024;
    private readonly LogFilter _filter = new(query);

    /// <summary>
    /// The wanted records of all sources, merged in order of time; a record without a time stays behind the one before it in
    /// its own source, and a source whose clock went back keeps its own order. With <see cref="LogQuery.Follow"/> in order of arrival.
    /// </summary>
    /// <param name="sources">The sources.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The records.</returns>
    public IAsyncEnumerable<LogRecord> ReadAsync(IReadOnlyList<ILogSource> sources, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(sources);
        return query.Follow ? FollowAsync(sources, cancellationToken)
            : query.Last is { } last ? LastAsync(MergeAsync(sources, cancellationToken), last, cancellationToken)
            : MergeAsync(sources, cancellationToken);
    }

    /// <summary>The last of some records, with their neighbours.</summary>
    /// <param name="records">The records.</param>
    /// <param name="last">How many that are wanted for themselves.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The last ones in their order.</returns>
    internal static async IAsyncEnumerable<LogRecord> LastAsync(IAsyncEnumerable<LogRecord> records, int last, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var kept = new Queue<LogRecord>();
        var wanted = 0;
        await foreach (var record in records.WithCancellation(cancellationToken))
        {
            kept.Enqueue(record);
            wanted += record.IsContext ? 0 : 1;
            while (wanted > last)
            {
                wanted -= kept.Dequeue().IsContext ? 0 : 1;
            }
        }

        while (kept.TryDequeue(out var record))
        {
            yield return record;
        }
    }

    private async IAsyncEnumerable<LogRecord> MergeAsync(IReadOnlyList<ILogSource> sources, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var waiting = new PriorityQueue<ILogSource, (DateTime, int)>();
        for (var i = 0; i < sources.Count; i++)
        {
            DateTime? start = null;
            try
            {
                start = sources.Count == 1 ? null : await sources[i].StartAsync(query, cancellationToken);
            }
            catch (OpsException)
            {
                // Reading it says the same again, where it is reported.
            }

            waiting.Enqueue(sources[i], (start ?? DateTime.MinValue, i));
        }

        var open = new PriorityQueue<Cursor, (DateTime, int)>();
        var order = 0;
        try
        {
            while (true)
            {
                while (waiting.TryPeek(out var source, out var start) && (!open.TryPeek(out _, out var first) || start.Item1 <= first.Item1))
                {
                    waiting.Dequeue();
                    var cursor = new Cursor(WantedAsync(source, cancellationToken).GetAsyncEnumerator(cancellationToken), order++);
                    await AdvanceAsync(cursor, open);
                }

                if (!open.TryDequeue(out var next, out _))
                {
                    break;
                }

                yield return next.Records.Current;
                await AdvanceAsync(next, open);
            }
        }
        finally
        {
            while (open.TryDequeue(out var cursor, out _))
            {
                await cursor.Records.DisposeAsync();
            }
        }
    }

    private async ValueTask AdvanceAsync(Cursor cursor, PriorityQueue<Cursor, (DateTime, int)> open)
    {
        try
        {
            if (await cursor.Records.MoveNextAsync())
            {
                cursor.Time = cursor.Records.Current.Time is { } time && time > cursor.Time ? time : cursor.Time;
                open.Enqueue(cursor, (cursor.Time, cursor.Order));
                return;
            }
        }
        catch (OpsException error) when (!IsAboutTheCall(error))
        {
            output.Error(error);
        }

        await cursor.Records.DisposeAsync();
    }

    // In order of arrival: who follows wants to see a record at once, not when the other sources have caught up.
    private async IAsyncEnumerable<LogRecord> FollowAsync(IReadOnlyList<ILogSource> sources, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var records = Channel.CreateBounded<LogRecord>(Ahead);
        var readers = sources.Select(source => Task.Run(() => PourAsync(source, records.Writer, cancel.Token), CancellationToken.None)).ToList();
        var all = Task.WhenAll(readers);
        _ = all.ContinueWith(done => records.Writer.TryComplete(done.Exception?.InnerException), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        try
        {
            await foreach (var record in records.Reader.ReadAllAsync(cancellationToken))
            {
                yield return record;
            }
        }
        finally
        {
            await cancel.CancelAsync();
            await all.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task PourAsync(ILogSource source, ChannelWriter<LogRecord> records, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var record in WantedAsync(source, cancellationToken))
            {
                await records.WriteAsync(record, cancellationToken);
            }
        }
        catch (OpsException error) when (!IsAboutTheCall(error))
        {
            output.Error(error);
        }
    }

    private IAsyncEnumerable<LogRecord> WantedAsync(ILogSource source, CancellationToken cancellationToken) => source.Filters
        ? source.ReadAsync(query, output, cancellationToken)
        : FilterAsync(source.ReadAsync(query, output, cancellationToken), cancellationToken);

    private async IAsyncEnumerable<LogRecord> FilterAsync(IAsyncEnumerable<LogRecord> records, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var window = new ContextWindow(query.ContextBefore, query.ContextAfter);
        await foreach (var record in records.WithCancellation(cancellationToken))
        {
            if (!_filter.IsInRange(record))
            {
                continue;
            }

            foreach (var wanted in window.Add(record, _filter.Accepts(record)))
            {
                yield return wanted;
            }
        }
    }

    // A pattern that is too slow is so for every source.
    private static bool IsAboutTheCall(OpsException error) => error.Id.StartsWith("Log.Pattern", StringComparison.Ordinal);

    private sealed class Cursor(IAsyncEnumerator<LogRecord> records, int order)
    {
        public IAsyncEnumerator<LogRecord> Records { get; } = records;

        public int Order { get; } = order;

        // Never goes back: a record without a time, or from a clock that went back, follows the one before it.
        public DateTime Time { get; set; } = DateTime.MinValue;
    }
}
