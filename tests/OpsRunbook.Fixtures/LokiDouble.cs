using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace OpsRunbook.Fixtures;

/// <summary>
/// Answers <c>query_range</c> as Loki's HTTP API is documented: from <c>start</c> on and before <c>end</c>, at most <c>limit</c> entries
/// over all streams, the newest or the oldest ones by <c>direction</c>, refusals as plain text. It stands in for Loki, which neither
/// Debian nor npm nor NuGet has.
/// </summary>
public sealed partial class LokiDouble : IAsyncDisposable
{
    private readonly HttpListener _listener = new();
    private readonly Task _work;
    private readonly List<(Dictionary<string, string> Labels, long Time, string Line)> _entries = [];

    /// <summary>Starts it on a free port.</summary>
    /// <param name="maximumEntries">More are not given at once (<c>max_entries_limit_per_query</c>).</param>
    public LokiDouble(int maximumEntries = 5000)
    {
        MaximumEntries = maximumEntries;
        Url = $"http://127.0.0.1:{TestRun.FreePort()}/";
        _listener.Prefixes.Add(Url);
        _listener.Start();
        _work = ServeAsync();
    }

    /// <summary>Its base address.</summary>
    public string Url { get; }

    /// <summary>More entries are not given at once.</summary>
    public int MaximumEntries { get; }

    /// <summary>Status and text to answer with instead; null for real answers.</summary>
    public (int Status, string Text)? Refusal { get; set; }

    /// <summary>Value of the request's headers by name.</summary>
    public Dictionary<string, string> LastHeaders { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Number of requests so far.</summary>
    public int Requests { get; private set; }

    /// <summary>Takes an entry.</summary>
    /// <param name="time">Nanoseconds since 1970.</param>
    /// <param name="line">The line.</param>
    /// <param name="labels">Name and value, one after the other.</param>
    public void Add(long time, string line, params string[] labels)
    {
        lock (_entries)
        {
            _entries.Add((labels.Chunk(2).ToDictionary(pair => pair[0], pair => pair[1]), time, line));
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _listener.Close();
        await _work;
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception error) when (error is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            var (status, text) = Answer(context.Request);
            context.Response.StatusCode = status;
            context.Response.ContentType = status == 200 ? "application/json" : "text/plain";
            await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(text));
            context.Response.Close();
        }
    }

    private (int Status, string Text) Answer(HttpListenerRequest request)
    {
        Requests++;
        foreach (string name in request.Headers)
        {
            LastHeaders[name] = request.Headers[name]!;
        }

        if (Refusal is { } refusal)
        {
            return refusal;
        }

        var query = request.QueryString;
        if (request.Url!.AbsolutePath != "/loki/api/v1/query_range")
        {
            return (404, "404 page not found");
        }

        var text = query["query"]!;
        if (text.StartsWith("rate(", StringComparison.Ordinal))
        {
            return (200, """{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"app":"api"},"values":[[1700000000,"0.5"]]}]}}""");
        }

        var match = LogQuery().Match(text);
        if (!match.Success)
        {
            return (400, "parse error at line 1, col 1: syntax error: unexpected IDENTIFIER");
        }

        var limit = int.Parse(query["limit"]!, CultureInfo.InvariantCulture);
        if (limit > MaximumEntries)
        {
            return (400, $"max entries limit per query exceeded, limit > max_entries_limit ({limit} > {MaximumEntries})");
        }

        var (start, end) = (long.Parse(query["start"]!, CultureInfo.InvariantCulture), long.Parse(query["end"]!, CultureInfo.InvariantCulture));
        var isForward = query["direction"] == "forward";
        lock (_entries)
        {
            var found = _entries.Where(entry => entry.Time >= start && entry.Time < end
                && entry.Labels.GetValueOrDefault(match.Groups["name"].Value) == match.Groups["value"].Value
                && entry.Line.Contains(match.Groups["text"].Value, StringComparison.Ordinal));
            var page = (isForward ? found.OrderBy(entry => entry.Time) : found.OrderByDescending(entry => entry.Time)).Take(limit);
            var streams = page.GroupBy(entry => string.Join(',', entry.Labels.Select(label => label.Key + "=" + label.Value))).Select(stream => new
            {
                stream = stream.First().Labels,
                values = stream.Select(entry => new[] { entry.Time.ToString(CultureInfo.InvariantCulture), entry.Line }),
            });
            return (200, JsonSerializer.Serialize(new { status = "success", data = new { resultType = "streams", result = streams, stats = new { } } }));
        }
    }

    [GeneratedRegex("""^\{(?<name>\w+)="(?<value>[^"]*)"\}(?: \|= "(?<text>[^"]*)")?$""", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex LogQuery();
}
