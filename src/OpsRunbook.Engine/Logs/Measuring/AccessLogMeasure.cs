using System.Text;
using OpsRunbook.Engine.Logs.Files;
using OpsRunbook.Engine.Logs.Formats;
using OpsRunbook.Engine.Logs.Scanning;

namespace OpsRunbook.Engine.Logs.Measuring;

/// <summary>Counts the requests in the logs of web servers.</summary>
/// <param name="query">Which requests.</param>
/// <param name="bucket">Width of the buckets of time; null for one that gives about 24 of them.</param>
/// <param name="top">Length of the lists.</param>
/// <param name="output">Takes progress and failures.</param>
public sealed class AccessLogMeasure(LogQuery query, TimeSpan? bucket, int top, IOperationOutput output)
{
    private const int Buckets = 24;

    // More lines than that which are no requests, and the file is something else.
    private const double MostForeign = 0.5;

    // Sorting by a percentile says nothing where it stands for a handful of requests.
    private const int FewRequests = 5;

    private static readonly TimeSpan Narrowest = TimeSpan.FromMinutes(1);
    private int _leftOut;

    /// <summary>Counts.</summary>
    /// <param name="sources">The logs. Files of this machine are counted by all cores, the others as they come.</param>
    /// <param name="cancellationToken">Ends the counting.</param>
    /// <returns>The measurement; null when no log could be opened.</returns>
    /// <exception cref="OpsException"><c>Log.PatternInvalid</c>, <c>Log.PatternTooSlow</c>, <c>Log.NotAccessLog</c>.</exception>
    public async Task<AccessLogMeasurement?> RunAsync(IReadOnlyList<ILogSource> sources, CancellationToken cancellationToken)
    {
        var files = new List<LogFile>();
        try
        {
            foreach (var source in sources.OfType<LogFileSource>())
            {
                Open(source.Name, files);
            }

            // A minute is the narrowest bucket that is shown; minutes are put together when the whole time is known.
            var width = bucket ?? Narrowest;
            var counts = ParallelScan.Run(
                files,
                query,
                file => new RecordMatcher(query, file.Format),
                () => new AccessCounts(),
                (file, matcher, state) => new AccessVisitor(file, matcher, width.Ticks, state),
                output,
                cancellationToken);
            foreach (var other in counts.Skip(1))
            {
                counts[0].Add(other);
            }

            var found = files.Count;
            foreach (var source in sources.Where(source => source is not LogFileSource))
            {
                if (await CountAsync(source, width, cancellationToken) is { } other)
                {
                    counts[0].Add(other);
                    found++;
                }
            }

            return found > 0 ? Result(counts[0], width)
                : _leftOut > 0 ? throw NotAccessLog("No log is an access log in the common, combined or JSON format.")
                : null;
        }
        finally
        {
            files.ForEach(file => file.Dispose());
        }
    }

    // A log that is not a file here: its records are read as Get-ServiceLog reads them.
    private async Task<AccessCounts?> CountAsync(ILogSource source, TimeSpan width, CancellationToken cancellationToken)
    {
        var counts = new AccessCounts();
        var counter = new AccessCounter(width.Ticks, counts);
        var requests = 0L;
        await foreach (var record in new LogReader(query, output).ReadAsync([source], cancellationToken))
        {
            if (AccessLine.TryRead(record, out var request))
            {
                counter.Add(request);
                requests++;
            }
            else
            {
                counts.Foreign++;
            }
        }

        if (requests > 0)
        {
            return counts;
        }

        if (counts.Foreign > 0)
        {
            LeaveOut(source.Name, "has no requests");
        }

        return null;
    }

    private void LeaveOut(string name, string why)
    {
        output.Warning($"{name} {why} and was left out.");
        _leftOut++;
    }

    private static OpsException NotAccessLog(string message) => new(
        "Log.NotAccessLog", OpsErrorKind.InvalidData, message, "Give only access logs; for other logs there is Measure-ServiceLog. A format of your own should begin like the combined one.");

    private static string Text(byte[] key) => Encoding.UTF8.GetString(key);

    private static double Share(long part, long whole) => whole == 0 ? 0 : Math.Round(100.0 * part / whole, 2);

    private void Open(string path, List<LogFile> files)
    {
        try
        {
            var file = LogFile.Open(path, output.Error, query.Zone);
            if (file.Format is AccessFormat or JsonFormat)
            {
                files.Add(file);
                return;
            }

            // A web server's error log lies beside its access log, and one name stands for both.
            if (file.First is not null || file.Length > 0)
            {
                LeaveOut(path, $"is no access log ({file.Format.Name})");
            }

            file.Dispose();
        }
        catch (OpsException error)
        {
            output.Error(error);
        }
    }

    private AccessLogMeasurement Result(AccessCounts counts, TimeSpan width)
    {
        var total = counts.Total();
        if (counts.Foreign > (total.Requests + counts.Foreign) * MostForeign)
        {
            throw NotAccessLog($"{counts.Foreign} of {total.Requests + counts.Foreign} lines are no requests in the common, combined or JSON format.");
        }

        if (counts.Foreign > 0)
        {
            output.Warning($"{counts.Foreign} lines are no requests and were left out.");
        }

        var routes = counts.Routes.All.Select(count => Route(count, count == counts.Routes.Others)).ToList();
        return new AccessLogMeasurement
        {
            Requests = total.Requests,
            From = counts.First == 0 ? null : new DateTime(counts.First, DateTimeKind.Utc),
            To = counts.Last == 0 ? null : new DateTime(counts.Last, DateTimeKind.Utc),
            Bytes = total.Bytes,
            ServerErrors = total.ServerErrors,
            ClientErrors = total.ClientErrors,
            ErrorShare = Share(total.ServerErrors, total.Requests),
            TooManyRequests = total.TooMany,
            P50 = total.Latency.Percentile(0.5),
            P95 = total.Latency.Percentile(0.95),
            P99 = total.Latency.Percentile(0.99),
            Longest = total.Latency.Longest,
            Codes = counts.Codes.Select((count, code) => (count, code)).Where(pair => pair.count > 0).ToDictionary(pair => pair.code, pair => pair.count),
            Classes = counts.Codes.Select((count, code) => (count, code)).Where(pair => pair.count > 0)
                .GroupBy(pair => $"{pair.code / 100}xx", StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Sum(pair => pair.count), StringComparer.Ordinal),
            TopRoutes = routes.OrderByDescending(route => route.Requests).ThenBy(route => route.Route, StringComparer.Ordinal).ThenBy(route => route.Method, StringComparer.Ordinal).Take(top).ToList(),
            SlowestRoutes = routes.Where(route => route.P95 is not null).OrderByDescending(route => route.Requests >= FewRequests).ThenByDescending(route => route.P95).ThenBy(route => route.Route, StringComparer.Ordinal).ThenBy(route => route.Method, StringComparer.Ordinal).Take(top).ToList(),
            FailingRoutes = routes.Where(route => route.ServerErrors > 0).OrderByDescending(route => route.ServerErrors).ThenBy(route => route.Route, StringComparer.Ordinal).ThenBy(route => route.Method, StringComparer.Ordinal).Take(top).ToList(),
            TopClients = counts.Clients.All.OrderByDescending(count => count.Requests).ThenBy(count => Text(count.Key), StringComparer.Ordinal).Take(top).Select(count => new AccessLogClient
            {
                Address = count == counts.Clients.Others ? "(others)" : Text(count.Key),
                Requests = count.Requests,
                Share = Share(count.Requests, total.Requests),
                ServerErrors = count.ServerErrors,
                ClientErrors = count.ClientErrors,
                TooManyRequests = count.TooMany,
                Bytes = count.Bytes,
            }).ToList(),
            Buckets = Times(counts, width),
            OtherLines = counts.Foreign,
        };
    }

    private static AccessLogRoute Route(AccessCount count, bool isOthers)
    {
        var text = Text(count.Key);
        var blank = text.IndexOf(' ', StringComparison.Ordinal);
        return new AccessLogRoute
        {
            Method = isOthers ? string.Empty : text[..blank],
            Route = isOthers ? "(others)" : text[(blank + 1)..],
            Requests = count.Requests,
            ServerErrors = count.ServerErrors,
            ClientErrors = count.ClientErrors,
            ErrorShare = Share(count.ServerErrors, count.Requests),
            TooManyRequests = count.TooMany,
            Bytes = count.Bytes,
            P50 = count.Latency.Percentile(0.5),
            P95 = count.Latency.Percentile(0.95),
            P99 = count.Latency.Percentile(0.99),
            Longest = count.Latency.Longest,
        };
    }

    private List<AccessLogBucket> Times(AccessCounts counts, TimeSpan width)
    {
        long[] nice = [1, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 10080];
        var minutes = (counts.Last - counts.First) / TimeSpan.TicksPerMinute / Buckets;
        var factor = bucket is null ? Math.Max(1, nice.FirstOrDefault(step => step >= minutes, nice[^1])) : 1;
        var times = new SortedDictionary<long, AccessCount>();
        foreach (var (number, count) in counts.Times)
        {
            if (!times.TryAdd(number / factor, count))
            {
                times[number / factor].Add(count);
            }
        }

        return times.Select(pair => new AccessLogBucket
        {
            Time = new DateTime(pair.Key * factor * width.Ticks, DateTimeKind.Utc),
            Width = width * factor,
            Requests = pair.Value.Requests,
            ServerErrors = pair.Value.ServerErrors,
            ClientErrors = pair.Value.ClientErrors,
            TooManyRequests = pair.Value.TooMany,
            Bytes = pair.Value.Bytes,
            P50 = pair.Value.Latency.Percentile(0.5),
            P95 = pair.Value.Latency.Percentile(0.95),
            P99 = pair.Value.Latency.Percentile(0.99),
        }).ToList();
    }
}
