using System.Globalization;
using System.Text;
using OpsRunbook.Engine.Metrics;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Engine.Tests.Endpoints;
using OpsRunbook.Engine.Tests.Health;

namespace OpsRunbook.Engine.Tests.Metrics;

public sealed class GrowthTests
{
    [Fact]
    public void A_leak_is_seen_through_garbage_collections()
    {
        // A saw tooth of 100 MB every five minutes on a leak of 12 MB an hour.
        var series = Series(counter: false, Enumerable.Range(0, 480).Select(i => 500 + (12 * i * 15 / 3600.0) + (i % 20 * 5)));

        var (perHour, trend) = series.Growth();

        Assert.InRange(perHour, 11, 13);
        Assert.True(trend > 0.1, $"{trend}");
    }

    [Fact]
    public void One_spike_does_not_look_like_a_leak()
    {
        var values = Enumerable.Repeat(100.0, 40).ToArray();
        values[38] = 1_000_000;

        var (perHour, trend) = Series(counter: false, values).Growth();

        Assert.Equal(0, perHour);
        Assert.InRange(trend, -0.1, 0.1);
    }

    [Fact]
    public void A_counter_that_begins_anew_goes_on_growing()
    {
        var (perHour, trend) = Series(counter: true, [100, 110, 120, 0, 10, 20, 30]).Growth();

        // 10 every 15 s would be 2400; the interval of the restart adds nothing.
        Assert.InRange(perHour, 1900, 2400);
        Assert.True(trend > 0.9);
    }

    [Fact]
    public void A_long_watch_needs_no_more_memory_and_gives_the_same_growth()
    {
        var series = Series(counter: false, Enumerable.Range(0, 100_000).Select(i => (double)i));

        Assert.Equal((100_000, 0.0, 99_999.0, 0.0, 99_999.0), (series.Count, series.First, series.Last, series.Minimum, series.Maximum));
        Assert.Equal(240, series.Growth().PerHour, 0.001);
        Assert.Equal(1, series.Growth().Trend);
    }

    [Fact]
    public void What_is_not_a_number_is_left_out()
    {
        var series = Series(counter: false, [1, double.NaN, double.PositiveInfinity, 1]);

        Assert.Equal((2, 1.0), (series.Count, series.Maximum));
        Assert.Equal((0.0, 0.0), Series(counter: false, [5]).Growth());
    }

    [Fact]
    public async Task A_page_is_watched_from_the_first_reading_to_the_last()
    {
        var scrapes = 0;
        await using var server = Page(() =>
        {
            var number = Interlocked.Increment(ref scrapes);
            return number == 3 ? null : $"# TYPE heap_bytes gauge\nheap_bytes{{b=\"1\",a=\"2\"}} {1000 + number}\nidle 1\n";
        });
        var output = new RecordedOutput();
        await using var session = new StackSession(new OpsStack());
        var reader = new MetricReader(session, output, [new MetricSource(server.Url.ToString())], name => name != "idle");

        await reader.WatchAsync(TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(100), default);

        var growth = Assert.IsType<AppMetricGrowth>(Assert.Single(output.Timed).Item);
        Assert.Equal(("heap_bytes", "gauge", "bytes", 1001.0), (growth.Name, growth.Type, growth.Unit, growth.First));
        Assert.Equal(1000 + scrapes, growth.Last);
        Assert.Equal(scrapes - 1, growth.Readings);
        Assert.True(growth is { Trend: 1, GrowthPerHour: > 0 });
        Assert.InRange(growth.Over, TimeSpan.FromSeconds(0.9), TimeSpan.FromSeconds(30));
        Assert.Contains("left out", Assert.Single(output.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Readings_of_a_process_that_started_anew_are_left_out()
    {
        var scrapes = 0;
        await using var server = Page(() =>
        {
            var number = Interlocked.Increment(ref scrapes);
            return $"process_start_time_seconds {(number < 3 ? 1 : 2)}\nheap_bytes {(number < 3 ? 1e9 : number)}\n";
        });
        var output = new RecordedOutput();
        await using var session = new StackSession(new OpsStack());

        await new MetricReader(session, output, [new MetricSource(server.Url.ToString())], name => name == "heap_bytes")
            .WatchAsync(TimeSpan.FromSeconds(2), TimeSpan.FromMilliseconds(100), default);

        Assert.Equal(3, Assert.IsType<AppMetricGrowth>(Assert.Single(output.Timed).Item).First);
        Assert.Contains("started anew", Assert.Single(output.Warnings), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", "Metric.NotServed")]
    [InlineData("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<html>\n<body>hello world</body>\n</html>\n", "Metric.NotExposition")]
    [InlineData("garbage\r\n\r\n", "Endpoint.ProtocolError")]
    public async Task What_is_no_page_of_metrics_is_an_error_and_the_others_go_on(string answer, string id)
    {
        await using var bad = Misbehaving.Answering(answer);
        await using var good = Page(() => "up 1\n");
        var output = new RecordedOutput();
        await using var session = new StackSession(new OpsStack());

        await new MetricReader(session, output, [new MetricSource(bad.Url.ToString()), new MetricSource(good.Url.ToString())], _ => true).ReadAsync(default);

        Assert.Equal(id, Assert.Single(output.Errors).Id);
        Assert.Equal("up", Assert.IsType<AppMetric>(Assert.Single(output.Timed).Item).Name);
    }

    [Fact]
    public async Task A_page_with_some_bad_lines_is_read_with_a_warning()
    {
        await using var server = Page(() => "a 1\nb{ 2\nc 3\n");
        var output = new RecordedOutput();
        await using var session = new StackSession(new OpsStack());

        await new MetricReader(session, output, [new MetricSource(server.Url.ToString())], _ => true).ReadAsync(default);

        Assert.Equal(["a", "c"], output.Timed.Select(item => ((AppMetric)item.Item).Name));
        Assert.Contains("first line 2", Assert.Single(output.Warnings), StringComparison.Ordinal);
    }

    private static GrowthSeries Series(bool counter, IEnumerable<double> values)
    {
        var series = new GrowthSeries(counter);
        var number = 0;
        foreach (var value in values)
        {
            series.Add(TimeSpan.FromSeconds(15 * number++), value);
        }

        return series;
    }

    private static Misbehaving Page(Func<string?> text) => new(async (stream, token) =>
    {
        await Misbehaving.ReadRequestAsync(stream, token);
        var page = text();
        var answer = page is null
            ? "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"
            : string.Create(CultureInfo.InvariantCulture, $"HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {page.Length}\r\n\r\n{page}");
        await stream.WriteAsync(Encoding.ASCII.GetBytes(answer), token);
    });
}
