using System.Runtime.CompilerServices;
using System.Threading.Channels;
using OpsRunbook.Engine.Logs.Scanning;

namespace OpsRunbook.Engine.Logs.Files;

/// <summary>A log file as a source of records. Several parts of it are read at once and given in their order.</summary>
/// <param name="path">Full path.</param>
internal sealed class LogFileSource(string path) : ILogSource
{
    private const long PartBytes = 1024 * 1024;
    private const int Batch = 256;

    // Up to here the lines before the first record that is read are counted; it takes about 20 ms.
    private const long WorthCounting = 128L * 1024 * 1024;

    /// <inheritdoc/>
    public string Name => path;

    /// <inheritdoc/>
    public bool Filters => true;

    /// <summary>Name for the service of its records; null for the one that the records say.</summary>
    public string? Service { get; init; }

    /// <summary>Name of the service of records that do not say one.</summary>
    public string DefaultService { get; } = RecordBuilder.ServiceOf(path);

    /// <summary>Host of records that do not say one.</summary>
    public string Host { get; init; } = Hosts.LocalHost.LocalName;

    /// <summary>Files as sources, with their older parts that reach into a time range.</summary>
    /// <param name="files">Full paths.</param>
    /// <param name="since">Beginning of the range, UTC; null for the files alone.</param>
    /// <param name="service">Name for the service of their records; null for the one that the records say.</param>
    /// <param name="host">Host of records that do not say one; null for this machine.</param>
    /// <returns>The sources.</returns>
    public static IEnumerable<LogFileSource> Of(IReadOnlyList<string> files, DateTime? since, string? service = null, string? host = null)
    {
        var older = since is { } start ? RotatedLogs.Find(files, start) : [];
        return older.Select(file => Create(file, isRotated: true)).Concat(files.Select(file => Create(file, isRotated: false)));

        LogFileSource Create(string file, bool isRotated) => new(file) { Service = service, Host = host ?? Hosts.LocalHost.LocalName, IsRotated = isRotated };
    }

    /// <summary>It is an older part of another log, and nothing more is written to it.</summary>
    public bool IsRotated { get; init; }

    /// <inheritdoc/>
    public ValueTask<DateTime?> StartAsync(LogQuery query, CancellationToken cancellationToken)
    {
        using var file = LogFile.Open(path, _ => { }, query.Zone);
        return ValueTask.FromResult(file.First is { } first && query.Since is { } since && since > first ? since : file.First);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<LogRecord> ReadAsync(LogQuery query, IOperationOutput output, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var file = LogFile.Open(path, output.Error, query.Zone);
        var matcher = new RecordMatcher(query, file.Format);
        if (file.IsBefore(query))
        {
            yield break;
        }

        if (!query.Follow || query.Since is not null || query.Last is not null)
        {
            var history = HistoryAsync(file, matcher, query, cancellationToken);
            await foreach (var record in query is { Follow: true, Last: { } last } ? LogReader.LastAsync(history, last, cancellationToken) : history)
            {
                yield return record;
            }
        }

        if (query.Follow && !file.IsPacked && !IsRotated)
        {
            await foreach (var record in new LogTail(this, path, file.Format, matcher, query, output).ReadAsync(file.Length, cancellationToken))
            {
                yield return record;
            }
        }
    }

    private async IAsyncEnumerable<LogRecord> HistoryAsync(LogFile file, RecordMatcher matcher, LogQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var batches = !file.IsSplittable ? InOrderAsync(file, matcher, query, cancellationToken)
            : query.Last is { } last && !query.HasContext ? FromEndAsync(file, matcher, query, last, cancellationToken)
            : InPartsAsync(file, matcher, query, cancellationToken);
        var window = new ContextWindow(query.ContextBefore, query.ContextAfter);
        await foreach (var batch in batches)
        {
            foreach (var (record, wanted) in batch)
            {
                if (!query.HasContext)
                {
                    yield return record;
                    continue;
                }

                foreach (var shown in window.Add(record, wanted))
                {
                    yield return shown;
                }
            }
        }
    }

    // Parts are scanned ahead by all cores; their records are given in order, with the lines of the parts before them added.
    private async IAsyncEnumerable<List<(LogRecord Record, bool Wanted)>> InPartsAsync(LogFile file, RecordMatcher matcher, LogQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (start, end) = TimeRange.Find(file, query);
        var line = LinesBefore(file, start, cancellationToken);
        var ahead = new Queue<Task<Scanned>>();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            for (var at = start; at < end || ahead.Count > 0;)
            {
                while (at < end && ahead.Count <= Environment.ProcessorCount)
                {
                    var (from, to) = (at, Math.Min(end, at + PartBytes));
                    ahead.Enqueue(Task.Run(() => ScanPart(file, matcher, query, from, to, stop.Token), stop.Token));
                    at = to;
                }

                var part = await Reading(ahead.Dequeue());
                SetLines(part.Records, line);
                line += part.Lines;
                yield return part.Records;
            }
        }
        finally
        {
            await stop.CancelAsync();
            foreach (var task in ahead)
            {
                await ((Task)task).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    // The newest records are near the end: parts are scanned backwards until there are enough.
    private async IAsyncEnumerable<List<(LogRecord Record, bool Wanted)>> FromEndAsync(LogFile file, RecordMatcher matcher, LogQuery query, int last, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (start, end) = TimeRange.Find(file, query);
        var parts = new Stack<Scanned>();
        var at = end;
        for (var found = 0; at > start && found < last;)
        {
            var (from, to) = (Math.Max(start, at - PartBytes), at);
            var part = await Reading(Task.Run(() => ScanPart(file, matcher, query, from, to, cancellationToken), cancellationToken));
            found += part.Records.Count;
            parts.Push(part);
            at = from;
        }

        var line = LinesBefore(file, at, cancellationToken);
        foreach (var part in parts)
        {
            SetLines(part.Records, line);
            line += part.Lines;
            yield return part.Records;
        }
    }

    // What is packed, or has line ends in its fields, is read by one thread from the beginning.
    private async IAsyncEnumerable<List<(LogRecord Record, bool Wanted)>> InOrderAsync(LogFile file, RecordMatcher matcher, LogQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var batches = Channel.CreateBounded<List<(LogRecord, bool)>>(4);
        var worker = Task.Run(Scan, stop.Token);
        try
        {
            await foreach (var batch in batches.Reader.ReadAllAsync(cancellationToken))
            {
                SetLines(batch, 0);
                yield return batch;
            }

            await Reading(worker);
        }
        finally
        {
            await stop.CancelAsync();
            await ((Task)worker).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        bool Scan()
        {
            try
            {
                var batch = new List<(LogRecord, bool)>(Batch);
                var builder = Builder(file, matcher, query, (record, wanted) =>
                {
                    batch.Add((record, wanted));
                    if (batch.Count == Batch)
                    {
                        batches.Writer.WriteAsync(batch, stop.Token).AsTask().GetAwaiter().GetResult();
                        batch = new List<(LogRecord, bool)>(Batch);
                    }
                });
                new RecordScanner(file.Format, query.HasContext ? null : matcher.Prefilter).Scan(file.Reader, 0, file.Length, builder, stop.Token);
                batches.Writer.WriteAsync(batch, stop.Token).AsTask().GetAwaiter().GetResult();
                return true;
            }
            finally
            {
                batches.Writer.TryComplete();
            }
        }
    }

    private Scanned ScanPart(LogFile file, RecordMatcher matcher, LogQuery query, long start, long end, CancellationToken cancellationToken)
    {
        var records = new List<(LogRecord, bool)>();
        var scanner = new RecordScanner(file.Format, query.HasContext ? null : matcher.Prefilter);
        scanner.Scan(file.Reader, start, end, Builder(file, matcher, query, (record, wanted) => records.Add((record, wanted))), cancellationToken);
        return new Scanned(records, scanner.Lines);
    }

    private RecordBuilder Builder(LogFile file, RecordMatcher matcher, LogQuery query, Action<LogRecord, bool> take) =>
        new(this, file.Format, file.Clock(), matcher, matcher.Prefilter is not null && file.Format.IsSplittable && !query.HasContext, query.HasContext, take);

    private async Task<T> Reading<T>(Task<T> task)
    {
        try
        {
            return await task;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw LogErrors.Of(path, error);
        }
    }

    private static long? LinesBefore(LogFile file, long start, CancellationToken cancellationToken)
    {
        if (start == 0)
        {
            return 0;
        }

        if (start > WorthCounting)
        {
            return null;
        }

        var (buffer, lines, at) = (new byte[256 * 1024], 0L, 0L);
        while (at < start && file.Reader.Read(buffer.AsSpan(0, (int)Math.Min(buffer.Length, start - at)), at) is > 0 and var read)
        {
            cancellationToken.ThrowIfCancellationRequested();
            lines += buffer.AsSpan(0, read).Count((byte)'\n');
            at += read;
        }

        return lines;
    }

    private static void SetLines(List<(LogRecord Record, bool Wanted)> records, long? before)
    {
        foreach (var (record, _) in records)
        {
            record.SourceLine = before + record.SourceLine + 1;
        }
    }

    private sealed record Scanned(List<(LogRecord Record, bool Wanted)> Records, long Lines);
}
