namespace OpsRunbook.Engine.Metrics;

/// <summary>Scrapes a page again and again, and tells how each of its samples grew.</summary>
/// <param name="scraper">Fetches the page.</param>
/// <param name="output">Takes progress, and warnings about scrapes that failed.</param>
/// <param name="time">Measures pauses.</param>
public sealed class GrowthWatch(MetricScraper scraper, IOperationOutput output, TimeProvider time)
{
    private const string StartTime = "process_start_time_seconds";

    private readonly Dictionary<string, (AppMetric Metric, GrowthSeries Series)> _series = new(StringComparer.Ordinal);
    private double? _processStart;

    /// <summary>Watches a page.</summary>
    /// <param name="source">Where it is.</param>
    /// <param name="wanted">Which samples are watched.</param>
    /// <param name="over">How long.</param>
    /// <param name="every">From one scrape to the next.</param>
    /// <param name="cancellationToken">Ends the watch.</param>
    /// <returns>Growth of every sample with at least two readings, in the order of the page.</returns>
    /// <exception cref="OpsException">The first or the last scrapes failed, so that nothing can be said.</exception>
    public async Task<IReadOnlyList<AppMetricGrowth>> RunAsync(
        MetricSource source,
        Func<string, bool> wanted,
        TimeSpan over,
        TimeSpan every,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(wanted);
        var start = time.GetTimestamp();
        Take(await scraper.ScrapeAsync(source, cancellationToken), wanted, TimeSpan.Zero);
        OpsException? failure = null;
        for (var round = 1; ; round++)
        {
            var due = every * round;
            var last = due >= over;
            var pause = (last ? over : due) - time.GetElapsedTime(start);
            if (pause > TimeSpan.Zero)
            {
                await Task.Delay(pause, time, cancellationToken);
            }
            else if (!last)
            {
                // The page takes longer than the interval: what is past is not made up for.
                continue;
            }

            failure = await TryTakeAsync(source, wanted, () => time.GetElapsedTime(start), cancellationToken);
            var elapsed = time.GetElapsedTime(start);
            output.Progress(
                "Watching metrics",
                $"{source.Url.Split('?')[0].Split('@')[^1]}, {Duration.Format(over - elapsed > TimeSpan.Zero ? over - elapsed : TimeSpan.Zero)} left",
                (int)Math.Clamp(100 * elapsed / over, 0, 100));
            if (last)
            {
                break;
            }
        }

        var growth = _series.Values.Where(pair => pair.Series.Count > 1).Select(pair => Growth(pair.Metric, pair.Series)).ToList();
        return growth.Count == 0 && failure is not null ? throw failure : growth;
    }

    private static AppMetricGrowth Growth(AppMetric metric, GrowthSeries series)
    {
        var (perHour, trend) = series.Growth();
        return new AppMetricGrowth
        {
            Name = metric.Name,
            Labels = metric.Labels,
            GrowthPerHour = perHour,
            Trend = trend,
            First = series.First,
            Last = series.Last,
            Minimum = series.Minimum,
            Maximum = series.Maximum,
            Readings = series.Count,
            Over = series.Over,
            Type = metric.Type,
            Unit = metric.Unit,
            Help = metric.Help,
            Source = metric.Source,
        };
    }

    private static bool IsCounter(AppMetric metric) => metric.Type == "counter"
        || (metric.Type is "histogram" or "summary" && (metric.Name.EndsWith("_count", StringComparison.Ordinal)
            || metric.Name.EndsWith("_sum", StringComparison.Ordinal)
            || metric.Name.EndsWith("_bucket", StringComparison.Ordinal)));

    private async Task<OpsException?> TryTakeAsync(MetricSource source, Func<string, bool> wanted, Func<TimeSpan> now, CancellationToken cancellationToken)
    {
        try
        {
            Take(await scraper.ScrapeAsync(source, cancellationToken), wanted, now());
            return null;
        }
        catch (OpsException error)
        {
            output.Warning($"A scrape failed and is left out: {error.Message}");
            return error;
        }
    }

    private void Take(IReadOnlyList<AppMetric> metrics, Func<string, bool> wanted, TimeSpan at)
    {
        var processStart = metrics.FirstOrDefault(metric => metric.Name == StartTime)?.Value;
        if (_processStart is { } before && processStart is { } now && !now.Equals(before))
        {
            output.Warning("The process started anew during the watch; the readings before that are left out.");
            _series.Clear();
        }

        _processStart = processStart ?? _processStart;
        foreach (var metric in metrics.Where(metric => wanted(metric.Name)))
        {
            var key = string.Join('\0', metric.Labels.OrderBy(label => label.Key, StringComparer.Ordinal).SelectMany(label => new[] { label.Key, label.Value }).Prepend(metric.Name));
            if (!_series.TryGetValue(key, out var entry))
            {
                entry = (metric, new GrowthSeries(IsCounter(metric)));
                _series.Add(key, entry);
            }

            entry.Series.Add(at, metric.Value);
        }
    }
}
