using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using OpsRunbook.Engine.Endpoints;

namespace OpsRunbook.Engine.Logs.Loki;

/// <summary>
/// Asks Loki for entries with <c>query_range</c>, page by page. Entries with equal times at the border of two pages are neither
/// given twice nor lost: a page begins at the time with which the one before it ended, and what was given already is left out.
/// </summary>
/// <param name="target">The Loki.</param>
internal sealed class LokiClient(LokiTarget target)
{
    private const int LargestAnswer = 256 * 1024 * 1024;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly string _shown = HttpProbe.Shown(target.Address).TrimEnd('/');
    private int _pageSize = target.PageSize;

    /// <summary>Every entry of a time range.</summary>
    /// <param name="query">LogQL.</param>
    /// <param name="start">From this time on, nanoseconds.</param>
    /// <param name="end">Before this time, nanoseconds.</param>
    /// <param name="newestFirst">In the reverse order.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The entries in order of time.</returns>
    /// <exception cref="OpsException">An id that begins with <c>Loki.</c>.</exception>
    public async IAsyncEnumerable<LokiEntry> ReadAsync(string query, long start, long end, bool newestFirst, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var border = new HashSet<(long, string, string)>();
        while (start < end)
        {
            var (page, size) = await PageAsync(query, start, end, newestFirst, cancellationToken);
            var fresh = page.Where(entry => !border.Contains(entry.Identity)).ToList();
            foreach (var entry in fresh)
            {
                yield return entry;
            }

            // Fewer than were asked for are all that there are.
            if (page.Count < size)
            {
                yield break;
            }

            var last = page[^1].Nanoseconds;
            if (fresh.Count == 0)
            {
                // A page full of entries of one time. A larger page may reach beyond them.
                _pageSize = await LargerAsync(query, start, end, newestFirst, size, page[^1].Time, cancellationToken);
                continue;
            }

            if (border.Count > 0 && border.First().Item1 != last)
            {
                border.Clear();
            }

            border.UnionWith(page.Where(entry => entry.Nanoseconds == last).Select(entry => entry.Identity));
            (start, end) = newestFirst ? (start, last + 1) : (last, end);
        }
    }

    private async Task<int> LargerAsync(string query, long start, long end, bool newestFirst, int size, DateTime time, CancellationToken cancellationToken)
    {
        try
        {
            await AskAsync(query, start, end, newestFirst, size * 2, cancellationToken);
            return size * 2;
        }
        catch (OpsException error) when (error.Id == "Loki.TooManyEntries")
        {
            return LokiErrors.Allowed(error) is { } allowed && allowed > size ? allowed : throw LokiErrors.Stuck(time, size, query);
        }
    }

    // The size that was asked for, as Loki may allow less than we would like.
    private async Task<(List<LokiEntry> Entries, int Size)> PageAsync(string query, long start, long end, bool newestFirst, CancellationToken cancellationToken)
    {
        try
        {
            return (await AskAsync(query, start, end, newestFirst, _pageSize, cancellationToken), _pageSize);
        }
        catch (OpsException error) when (LokiErrors.Allowed(error) is { } allowed && allowed < _pageSize)
        {
            _pageSize = allowed;
            return (await AskAsync(query, start, end, newestFirst, _pageSize, cancellationToken), _pageSize);
        }
    }

    private async Task<List<LokiEntry>> AskAsync(string query, long start, long end, bool newestFirst, int limit, CancellationToken cancellationToken)
    {
        var parameters = string.Create(
            CultureInfo.InvariantCulture,
            $"loki/api/v1/query_range?query={Uri.EscapeDataString(query)}&start={start}&end={end}&limit={limit}&direction={(newestFirst ? "backward" : "forward")}");
        HttpProbeResponse response;
        try
        {
            response = await HttpProbe.SendAsync(
                target.Host, new HttpProbeRequest(new Uri(target.Address, parameters)) { Headers = target.Headers, Timeout = Limit, MaximumBodyBytes = LargestAnswer, MaximumRedirects = 0 }, cancellationToken);
        }
        catch (OpsException error) when (error.Id.StartsWith("Endpoint.", StringComparison.Ordinal))
        {
            throw LokiErrors.NotAnswering(_shown, error);
        }

        if (response.StatusCode != 200)
        {
            throw LokiErrors.Refused(_shown, response.StatusCode, Encoding.UTF8.GetString(response.Body.Span), query);
        }

        if (response.BodyTruncated)
        {
            throw LokiErrors.NotLoki(_shown, $"a page of {limit} entries is larger than {ByteSize.Format(LargestAnswer)}.");
        }

        var entries = Parse(response.Body, query);

        // Each stream comes by itself; the sort keeps the order that entries with equal times have.
        return newestFirst ? [.. entries.OrderByDescending(entry => entry.Nanoseconds)] : [.. entries.OrderBy(entry => entry.Nanoseconds)];
    }

    private List<LokiEntry> Parse(ReadOnlyMemory<byte> body, string query)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            var data = json.RootElement.GetProperty("data");
            var type = data.GetProperty("resultType").GetString();
            if (type != "streams")
            {
                throw LokiErrors.Metric(query);
            }

            var entries = new List<LokiEntry>();
            foreach (var stream in data.GetProperty("result").EnumerateArray())
            {
                var labels = Labels(stream.GetProperty("stream"), LogRecord.NoFields);
                var name = string.Join(',', labels.OrderBy(label => label.Key, StringComparer.Ordinal).Select(label => $"{label.Key}={JsonSerializer.Serialize(label.Value)}"));
                foreach (var value in stream.GetProperty("values").EnumerateArray())
                {
                    // The third part is the structured metadata of newer versions.
                    var own = value.GetArrayLength() > 2 && value[2].ValueKind == JsonValueKind.Object ? Labels(value[2], labels) : labels;
                    entries.Add(new LokiEntry(long.Parse(value[0].GetString()!, NumberStyles.None, CultureInfo.InvariantCulture), value[1].GetString()!, name, own));
                }
            }

            return entries;
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or IndexOutOfRangeException or ArgumentNullException)
        {
            throw LokiErrors.NotLoki(_shown, error.Message, error);
        }
    }

    // Newer versions put metadata under its own names, or into objects by where it comes from.
    private static Dictionary<string, object?> Labels(JsonElement json, IReadOnlyDictionary<string, object?> more)
    {
        var labels = new Dictionary<string, object?>(more, StringComparer.OrdinalIgnoreCase);
        foreach (var property in json.EnumerateObject())
        {
            if (property.Value.ValueKind == JsonValueKind.Object)
            {
                foreach (var inner in property.Value.EnumerateObject())
                {
                    labels.TryAdd(inner.Name, inner.Value.ToString());
                }
            }
            else
            {
                labels.TryAdd(property.Name, property.Value.ToString());
            }
        }

        return labels;
    }
}
