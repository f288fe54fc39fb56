using System.Collections.Concurrent;
using System.Text;
using OpsRunbook.Engine.Endpoints;
using OpsRunbook.Engine.Health;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Metrics;

/// <summary>Fetches pages of metrics.</summary>
/// <param name="session">The stack in use.</param>
/// <param name="output">Takes warnings about lines that cannot be read.</param>
public sealed class MetricScraper(StackSession session, IOperationOutput output)
{
    private const int MaximumPage = 32 * 1024 * 1024;
    private const string Accept = "text/plain;version=0.0.4,application/openmetrics-text;version=1.0.0;q=0.8,*/*;q=0.1";

    private readonly ConcurrentDictionary<string, bool> _warned = new(StringComparer.Ordinal);

    /// <summary>Fetches a page.</summary>
    /// <param name="source">Where it is.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    /// <returns>Every sample of the page.</returns>
    /// <exception cref="OpsException"><c>Metric.NotServed</c>, <c>Metric.NotExposition</c>, <c>Metric.PageTooLong</c>, or the endpoint cannot be reached.</exception>
    public async Task<IReadOnlyList<AppMetric>> ScrapeAsync(MetricSource source, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        if (!Uri.TryCreate(source.Url, UriKind.Absolute, out var url))
        {
            throw new OpsException(
                "Endpoint.UrlInvalid",
                OpsErrorKind.InvalidArgument,
                $"{CheckResults.Quote(source.Url)} is not an absolute http or https address.",
                "Write it as http://host:port/metrics.",
                source.Url);
        }

        var shown = HttpProbe.Shown(url);
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase) { ["Accept"] = Accept, ["User-Agent"] = "OpsRunbook" };
        if (await session.SecretAsync(source.Authorization, cancellationToken) is { } authorization)
        {
            headers["Authorization"] = authorization;
        }

        var response = await HttpProbe.SendAsync(
            session.Host(source.Host),
            new HttpProbeRequest(url) { Headers = headers, Timeout = source.Timeout, MaximumBodyBytes = MaximumPage, Insecure = source.Insecure },
            cancellationToken);
        var time = DateTime.UtcNow;
        var page = Read(response, shown);
        return page.Samples.Select(sample => new AppMetric
        {
            Name = sample.Name,
            Labels = sample.Labels,
            Value = sample.Value,
            Type = sample.Family.Type,
            Help = sample.Family.Help,
            Unit = sample.Family.Unit ?? UnitOf(sample.Name),
            Time = sample.Time ?? time,
            Source = shown,
        }).ToList();
    }

    private static string? UnitOf(string name)
    {
        // A number of observations has no unit, whatever is observed.
        if (name.EndsWith("_bucket", StringComparison.Ordinal) || name.EndsWith("_count", StringComparison.Ordinal))
        {
            return null;
        }

        var words = Enumerable.Reverse(name.Split('_')).SkipWhile(word => word is "total" or "sum").FirstOrDefault();
        return words is "seconds" or "bytes" or "ratio" or "celsius" or "meters" or "volts" or "amperes" or "joules" or "grams" ? words : null;
    }

    private ExpositionPage Read(HttpProbeResponse response, string shown)
    {
        if (response.StatusCode is < 200 or > 299)
        {
            throw new OpsException(
                "Metric.NotServed",
                OpsErrorKind.NotFound,
                $"{shown} answered {response.StatusCode} instead of metrics.",
                response.StatusCode is 401 or 403 ? "Give a credential that may read it." : "Check the path; many applications serve their metrics under /metrics.",
                shown);
        }

        if (response.BodyTruncated)
        {
            throw new OpsException(
                "Metric.PageTooLong",
                OpsErrorKind.InvalidData,
                $"{shown} serves more than {ByteSize.Format(MaximumPage)} of metrics.",
                "A label with too many values is the usual cause.",
                shown);
        }

        var openMetrics = response.Headers.TryGetValue("Content-Type", out var type) && type.Contains("openmetrics", StringComparison.OrdinalIgnoreCase);
        var page = ExpositionParser.Parse(Encoding.UTF8.GetString(response.Body.Span), openMetrics);
        if (page.Faults.Count == 0)
        {
            return page;
        }

        var (line, cause) = page.Faults[0];
        if (page.Samples.Count == 0 || page.Faults.Count > page.Samples.Count)
        {
            throw new OpsException(
                "Metric.NotExposition",
                OpsErrorKind.InvalidData,
                $"{shown} is not in the Prometheus exposition format: line {line}: {cause}.",
                "Check the path; many applications serve their metrics under /metrics.",
                shown);
        }

        if (_warned.TryAdd(shown, true))
        {
            output.Warning($"{page.Faults.Count} lines of {shown} cannot be read, first line {line}: {cause}.");
        }

        return page;
    }
}
