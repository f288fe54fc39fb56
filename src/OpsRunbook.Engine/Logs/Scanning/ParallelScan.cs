using System.Collections.Concurrent;
using OpsRunbook.Engine.Logs.Files;

namespace OpsRunbook.Engine.Logs.Scanning;

/// <summary>Scans files with all cores, in no order. Every core has its own state; what they found is put together at the end.</summary>
internal static class ParallelScan
{
    // Small enough that no core waits long for the last part of another one.
    private const long PartBytes = 2 * 1024 * 1024;

    /// <summary>Scans files on all cores, and returns when that is done.</summary>
    /// <param name="files">The files.</param>
    /// <param name="query">Its time range limits what is read.</param>
    /// <param name="matcher">Decides on the records of a file.</param>
    /// <param name="createState">Makes what one core gathers in.</param>
    /// <param name="createVisitor">Makes the visitor of a file for one core.</param>
    /// <param name="output">Takes the progress, and the failures of single files.</param>
    /// <param name="cancellationToken">Ends the scan.</param>
    /// <returns>What each core gathered.</returns>
    public static IReadOnlyList<TState> Run<TState>(
        IReadOnlyList<LogFile> files,
        LogQuery query,
        Func<LogFile, RecordMatcher> matcher,
        Func<TState> createState,
        Func<LogFile, RecordMatcher, TState, IRecordVisitor> createVisitor,
        IOperationOutput output,
        CancellationToken cancellationToken)
    {
        var parts = new List<Part>();
        foreach (var file in files.Where(file => !file.IsBefore(query)))
        {
            var (start, end) = TimeRange.Find(file, query);
            var size = file.IsSplittable ? PartBytes : long.MaxValue;
            var decide = matcher(file);
            for (var at = start; at < end; at += Math.Min(size, end - at))
            {
                parts.Add(new Part(file, decide, at, size == long.MaxValue ? end : Math.Min(end, at + size)));
            }
        }

        var (next, done) = (-1, 0);
        var gathered = new ConcurrentBag<TState>();
        CoreThreads.Run(Math.Clamp(parts.Count, 1, Environment.ProcessorCount), () => gathered.Add(Work()));
        return [.. gathered];

        TState Work()
        {
            var state = createState();
            LogFile? file = null;
            IRecordVisitor? visitor = null;
            RecordScanner? scanner = null;
            while (Interlocked.Increment(ref next) is var index && index < parts.Count)
            {
                var part = parts[index];
                if (file != part.File)
                {
                    file = part.File;
                    visitor = createVisitor(file, part.Matcher, state);
                    scanner = new RecordScanner(file.Format, part.Matcher.Prefilter);
                }

                try
                {
                    scanner!.Scan(file.Reader, part.Start, part.End, visitor!, cancellationToken);
                }
                catch (Exception error) when (error is IOException or UnauthorizedAccessException)
                {
                    output.Error(LogErrors.Of(file.Path, error));
                }

                output.Progress("Reading logs", file.Path, Interlocked.Increment(ref done) * 100 / parts.Count);
            }

            return state;
        }
    }

    private sealed record Part(LogFile File, RecordMatcher Matcher, long Start, long End);
}
