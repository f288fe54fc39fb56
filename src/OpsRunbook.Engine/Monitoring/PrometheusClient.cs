using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using OpsRunbook.Engine.Endpoints;

namespace OpsRunbook.Engine.Monitoring;

/// <summary>Asks Prometheus, through its HTTP API: https://prometheus.io/docs/prometheus/latest/querying/api/.</summary>
/// <param name="server">The Prometheus.</param>
public sealed class PrometheusClient(MonitoringServer server)
{
    // More points for each series are refused ("exceeded maximum resolution of 11,000 points per timeseries").
    private const int MostPoints = 11_000;

    /// <summary>Value of an expression at a moment.</summary>
    /// <param name="query">PromQL.</param>
    /// <param name="time">UTC; null for now.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>One sample for each series; none when nothing fits.</returns>
    /// <exception cref="OpsException">An id that begins with <c>Prometheus.</c>.</exception>
    public async Task<IReadOnlyList<MetricSample>> InstantAsync(string query, DateTime? time, CancellationToken cancellationToken)
    {
        var fields = new Dictionary<string, string> { ["query"] = query };
        if (time is { } moment)
        {
            fields["time"] = Seconds(moment);
        }

        using var answer = await server.PostFormAsync("api/v1/query", fields, cancellationToken);
        return Read(answer, query).ToList();
    }

    /// <summary>Values of an expression over a time, every series by itself. A long time is asked for in several parts.</summary>
    /// <param name="query">PromQL.</param>
    /// <param name="start">First moment, UTC.</param>
    /// <param name="end">Last moment, UTC.</param>
    /// <param name="step">From one value to the next.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The samples, part by part, series by series, in order of time.</returns>
    /// <exception cref="OpsException">An id that begins with <c>Prometheus.</c>.</exception>
    public async IAsyncEnumerable<MetricSample> RangeAsync(
        string query, DateTime start, DateTime end, TimeSpan step, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var from = start; from <= end; from += step * MostPoints)
        {
            var last = from + (step * (MostPoints - 1));
            var fields = new Dictionary<string, string>
            {
                ["query"] = query,
                ["start"] = Seconds(from),
                ["end"] = Seconds(last < end ? last : end),
                ["step"] = step.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture),
            };
            using var answer = await server.PostFormAsync("api/v1/query_range", fields, cancellationToken);
            foreach (var sample in Read(answer, query))
            {
                yield return sample;
            }
        }
    }

    /// <summary>What is scraped.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The targets, the failing ones first.</returns>
    public async Task<IReadOnlyList<MetricTarget>> TargetsAsync(CancellationToken cancellationToken)
    {
        using var answer = await server.GetAsync("api/v1/targets?state=active", cancellationToken);
        return Guard(() => answer.RootElement.GetProperty("data").GetProperty("activeTargets").EnumerateArray().Select(Target)
            .OrderByDescending(target => target.Status).ThenBy(target => target.Job, StringComparer.Ordinal).ThenBy(target => target.Instance, StringComparer.Ordinal).ToList());
    }

    /// <summary>Alerts whose condition holds.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The alerts, firing and pending.</returns>
    public async Task<IReadOnlyList<OpsAlert>> AlertsAsync(CancellationToken cancellationToken)
    {
        using var answer = await server.GetAsync("api/v1/alerts", cancellationToken);
        return Guard(() => answer.RootElement.GetProperty("data").GetProperty("alerts").EnumerateArray().Select(Alert).ToList());
    }

    private static string Seconds(DateTime time) => (time - DateTime.UnixEpoch).TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture);

    private static OpsAlert Alert(JsonElement alert) => AlertParts.Create(
        JsonLabels.Read(alert, "labels"),
        JsonLabels.Read(alert, "annotations"),
        alert.GetProperty("state").GetString()!,
        alert.GetProperty("activeAt").GetDateTime().ToUniversalTime(),
        [],
        "prometheus");

    private static MetricTarget Target(JsonElement target)
    {
        var labels = JsonLabels.Read(target, "labels");
        var scraped = target.GetProperty("lastScrape").GetDateTime().ToUniversalTime();
        var error = target.GetProperty("lastError").GetString();
        return new MetricTarget
        {
            Status = target.GetProperty("health").GetString() switch
            {
                "up" => HealthStatus.Healthy,
                "down" => HealthStatus.Critical,
                _ => HealthStatus.Unknown,
            },
            Job = labels.GetValueOrDefault("job", string.Empty),
            Instance = labels.GetValueOrDefault("instance", string.Empty),
            Url = Uri.TryCreate(target.GetProperty("scrapeUrl").GetString(), UriKind.Absolute, out var url) ? HttpProbe.Shown(url) : string.Empty,

            // Before the first scrape it is the year 1.
            LastScrape = scraped.Year > 1 ? scraped : null,
            ScrapeTime = scraped.Year > 1 && target.TryGetProperty("lastScrapeDuration", out var took) ? TimeSpan.FromSeconds(took.GetDouble()) : null,
            LastError = string.IsNullOrEmpty(error) ? null : error,
            Labels = labels,
        };
    }

    private List<MetricSample> Read(JsonDocument answer, string query) => Guard(() =>
    {
        var data = answer.RootElement.GetProperty("data");
        var result = data.GetProperty("result");
        return data.GetProperty("resultType").GetString() switch
        {
            "scalar" or "string" => [Sample([], result, query)],
            "vector" => result.EnumerateArray().Select(series => Sample(JsonLabels.Read(series, "metric"), series.GetProperty("value"), query)).ToList(),
            _ => result.EnumerateArray().SelectMany(series =>
            {
                var labels = JsonLabels.Read(series, "metric");
                return series.GetProperty("values").EnumerateArray().Select(value => Sample(labels, value, query)).ToList();
            }).ToList(),
        };
    });

    private static MetricSample Sample(Dictionary<string, string> labels, JsonElement value, string query) => new()
    {
        Name = labels.GetValueOrDefault("__name__", string.Empty),
        Labels = labels.Where(label => label.Key != "__name__").ToDictionary(StringComparer.Ordinal),
        Time = DateTime.UnixEpoch.AddSeconds(value[0].GetDouble()),
        Value = Number(value[1].GetString()!),
        Query = query,
    };

    private static double Number(string text) => text switch
    {
        "NaN" => double.NaN,
        "+Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        _ => double.Parse(text, CultureInfo.InvariantCulture),
    };

    private T Guard<T>(Func<T> read) => JsonLabels.Guard(server, read);
}
