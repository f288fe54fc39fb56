using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Metrics;

/// <summary>Reads several pages of metrics at once.</summary>
/// <param name="session">The stack in use.</param>
/// <param name="output">Takes metrics, and an error for each page that cannot be read.</param>
/// <param name="sources">The pages.</param>
/// <param name="wanted">Which metrics are reported.</param>
/// <param name="time">Measures pauses; null for the system's monotonic clock.</param>
public sealed class MetricReader(
    StackSession session,
    IOperationOutput output,
    IReadOnlyList<MetricSource> sources,
    Func<string, bool> wanted,
    TimeProvider? time = null)
{
    /// <summary>The pages of services.</summary>
    /// <param name="stack">The stack.</param>
    /// <param name="services">Names of services, with wildcards.</param>
    /// <param name="timeout">Longest time for one scrape.</param>
    /// <param name="output">Takes an error for each name that gives no page.</param>
    /// <returns>The pages.</returns>
    public static List<MetricSource> SourcesOf(OpsStack stack, IReadOnlyList<string> services, TimeSpan timeout, IOperationOutput output)
    {
        ArgumentNullException.ThrowIfNull(stack);
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(output);
        var found = new Dictionary<string, MetricSource>(StringComparer.Ordinal);
        foreach (var name in services)
        {
            var named = stack.Services.Where(pair => NameFilter.Fits(name, pair.Key)).ToList();
            var served = named.Where(pair => pair.Value.Metrics is not null).ToList();
            if (served.Count == 0)
            {
                output.Error(NoSource(stack, name, named.Count > 0));
            }

            foreach (var (key, service) in served)
            {
                found[key] = new MetricSource(service.Metrics!, service.Host) { Timeout = timeout };
            }
        }

        return [.. found.Values];
    }

    /// <summary>Reads every page once.</summary>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>A task that ends when all pages are reported.</returns>
    public Task ReadAsync(CancellationToken cancellationToken) => ForEachAsync(
        async (scraper, source) => (await scraper.ScrapeAsync(source, cancellationToken)).Where(metric => wanted(metric.Name)),
        cancellationToken);

    /// <summary>Watches every page, and reports how its metrics grew.</summary>
    /// <param name="over">How long.</param>
    /// <param name="every">From one reading to the next.</param>
    /// <param name="cancellationToken">Ends the watch.</param>
    /// <returns>A task that ends with the watch.</returns>
    public Task WatchAsync(TimeSpan over, TimeSpan every, CancellationToken cancellationToken) => ForEachAsync<AppMetricGrowth>(
        async (scraper, source) => await new GrowthWatch(scraper, output, time ?? TimeProvider.System).RunAsync(source, wanted, over, every, cancellationToken),
        cancellationToken);

    private static OpsException NoSource(OpsStack stack, string name, bool exists)
    {
        var nearest = exists ? null : Nearest.Find(name, stack.Services.Keys);
        return new OpsException(
            exists ? "Metric.NoSource" : "Metric.ServiceNotFound",
            OpsErrorKind.NotFound,
            name == "*" ? $"No service of the stack '{stack.Name}' has a metrics address."
                : exists ? $"The service '{name}' of the stack '{stack.Name}' has no metrics address."
                : $"The stack '{stack.Name}' has no service '{name}'.",
            nearest is not null ? $"Did you mean '{nearest}'?" : "Add 'metrics: http://…/metrics' to the service in the stack file, or give the address with -Uri.",
            name);
    }

    private async Task ForEachAsync<T>(Func<MetricScraper, MetricSource, Task<IEnumerable<T>>> read, CancellationToken cancellationToken)
        where T : class
    {
        var scraper = new MetricScraper(session, output);
        var pages = sources.Select(source => Task.Run(() => read(scraper, source), cancellationToken)).ToList();
        foreach (var page in pages)
        {
            try
            {
                foreach (var metric in await page)
                {
                    await output.WriteAsync(metric, cancellationToken);
                }
            }
            catch (OpsException error)
            {
                output.Error(error);
            }
        }
    }
}
