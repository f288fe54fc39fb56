using OpsRunbook.Engine.Logs.Files;

namespace OpsRunbook.Engine.Logs.Measuring;

/// <summary>Counts the records of logs, and compares with the period before.</summary>
/// <param name="request">What is to be counted.</param>
/// <param name="output">Takes the measurements, and failures of single logs.</param>
public sealed class ServiceLogMeasure(MeasureRequest request, IOperationOutput output)
{
    /// <summary>Counts.</summary>
    /// <param name="sources">The logs.</param>
    /// <param name="cancellationToken">Ends the counting.</param>
    /// <returns>A task that ends when all is emitted.</returns>
    /// <exception cref="OpsException"><c>Log.PatternInvalid</c>, <c>Log.PatternTooSlow</c>.</exception>
    public async Task RunAsync(IReadOnlyList<ILogSource> sources, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(sources);
        var measurer = new ServiceLogMeasurer(request, output);
        var counts = await CountAsync(measurer, sources, request.Query, cancellationToken);
        var (before, scale) = ((KeyTable<MeasureEntry>?)null, 1.0);
        if (request.Baseline is { } baseline && request.Query.Since is { } since)
        {
            before = await CountAsync(measurer, sources, request.Query with { Since = since - baseline, Until = since }, cancellationToken);
            scale = ((request.Query.Until ?? DateTime.UtcNow) - since) / baseline;
        }

        foreach (var result in measurer.Results(counts, before, scale))
        {
            await output.WriteAsync(result, cancellationToken);
        }

        if (counts.Others is { } others)
        {
            output.Warning($"There were more than {MeasureEntry.Most} different values; {others.Count} records of the rest are counted together as (others).");
        }
    }

    private async Task<KeyTable<MeasureEntry>> CountAsync(ServiceLogMeasurer measurer, IReadOnlyList<ILogSource> sources, LogQuery query, CancellationToken cancellationToken)
    {
        var files = new List<LogFile>();
        try
        {
            foreach (var source in sources.OfType<LogFileSource>())
            {
                try
                {
                    files.Add(LogFile.Open(source.Name, output.Error, query.Zone));
                }
                catch (OpsException error)
                {
                    output.Error(error);
                }
            }

            var counts = measurer.Count(files, query, cancellationToken);
            var others = sources.Where(source => source is not LogFileSource).ToList();
            if (others.Count > 0)
            {
                await foreach (var record in new LogReader(query with { Last = null, Follow = false, ContextBefore = 0, ContextAfter = 0 }, output).ReadAsync(others, cancellationToken))
                {
                    measurer.Count(record, counts);
                }
            }

            return counts;
        }
        finally
        {
            files.ForEach(file => file.Dispose());
        }
    }
}
