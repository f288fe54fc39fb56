using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Logs;
using OpsRunbook.Engine.Logs.Loki;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Logs.Sources;

/// <summary>Against a double that answers as Loki's documentation says: no real Loki can be installed where these tests run.</summary>
public sealed class LokiTests
{
    private static readonly DateTime Start = new(2026, 1, 1, 10, 0, 0, DateTimeKind.Utc);

    [Theory]
    [InlineData(1000)]
    [InlineData(7)]
    [InlineData(3)]
    public async Task Pages_have_no_gaps_and_nothing_twice_when_times_are_equal(int pageSize)
    {
        await using var loki = new LokiDouble();
        for (var i = 0; i < 100; i++)
        {
            // Groups of up to three entries with one time, over two streams.
            loki.Add(Nanoseconds(i / 3), $"line {i}", "app", "api", "pod", i % 2 == 0 ? "a" : "b");
        }

        loki.Add(Nanoseconds(5), "other", "app", "web");

        var all = await ReadAsync(loki, new LogQuery { Since = Start, Until = Start.AddHours(1) }, pageSize);
        var newest = await ReadAsync(loki, new LogQuery { Since = Start, Until = Start.AddHours(1), Last = 10 }, pageSize);

        Assert.Equal(Enumerable.Range(0, 100).Select(i => $"line {i}").Order(StringComparer.Ordinal), all.Select(record => record.Message).Order(StringComparer.Ordinal));
        Assert.Equal(all.OrderBy(record => record.Time).Select(record => record.Time), all.Select(record => record.Time));
        Assert.Equal(10, newest.Count);
        Assert.Equal(Start.AddSeconds(33), newest[^1].Time);
        Assert.Equal(10, newest.Select(record => record.Message).Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public async Task More_entries_of_one_time_than_a_page_holds_are_an_error_and_no_gap()
    {
        await using var loki = new LokiDouble(maximumEntries: 8);
        for (var i = 0; i < 20; i++)
        {
            loki.Add(Nanoseconds(1), $"line {i}", "app", "api");
        }

        var error = await Assert.ThrowsAsync<OpsException>(() => ReadAsync(loki, new LogQuery { Since = Start, Until = Start.AddHours(1) }, 4));
        Assert.Equal("Loki.PageTooSmall", error.Id);

        await using var larger = new LokiDouble(maximumEntries: 50);
        for (var i = 0; i < 20; i++)
        {
            larger.Add(Nanoseconds(1), $"line {i}", "app", "api");
        }

        Assert.Equal(20, (await ReadAsync(larger, new LogQuery { Since = Start, Until = Start.AddHours(1) }, 4)).Count);
    }

    [Fact]
    public async Task A_smaller_limit_of_the_server_is_kept()
    {
        await using var loki = new LokiDouble(maximumEntries: 10);
        for (var i = 0; i < 35; i++)
        {
            loki.Add(Nanoseconds(i), $"line {i}", "app", "api");
        }

        Assert.Equal(35, (await ReadAsync(loki, new LogQuery { Since = Start, Until = Start.AddHours(1) }, 1000)).Count);
    }

    [Fact]
    public async Task Labels_and_lines_become_records()
    {
        await using var loki = new LokiDouble();
        loki.Add(Nanoseconds(1) + 123_456_700, """{"level":50,"msg":"failed","reqId":"r-1","app":"forged"}""", "app", "api", "host", "web1", "level", "warn");
        loki.Add(Nanoseconds(2), "ERROR plain", "app", "api");

        var records = await ReadAsync(loki, new LogQuery { Since = Start, Until = Start.AddHours(1) }, 100);

        Assert.Equal(("failed", LogLevel.Error, "api", "web1", Start.AddSeconds(1).AddTicks(1_234_567)), (records[0].Message, records[0].Level, records[0].Service, records[0].Host, records[0].Time!.Value));
        Assert.Equal(("api", "r-1"), (records[0].Fields["app"], records[0].Fields["reqId"]));
        Assert.Equal((LogLevel.Error, "ERROR plain"), (records[1].Level, records[1].Message));
    }

    [Theory]
    [InlineData("""rate({app="api"}[5m])""", "Loki.MetricQuery", "metric query")]
    [InlineData("nonsense", "Loki.QueryInvalid", "unexpected IDENTIFIER")]
    public async Task A_query_that_gives_no_records_is_refused(string query, string id, string text)
    {
        await using var loki = new LokiDouble();

        var error = await Assert.ThrowsAsync<OpsException>(() => ReadAsync(loki, new LogQuery(), 100, query));

        Assert.Equal(id, error.Id);
        Assert.Contains(text, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(401, "no org id", "Loki.AccessDenied")]
    [InlineData(404, "not found", "Loki.NotFound")]
    [InlineData(429, "too many outstanding requests", "Loki.Busy")]
    [InlineData(503, "Ingester not ready", "Loki.Failed")]
    [InlineData(400, "the query time range exceeds the limit (query length: 9000h, limit: 721h)", "Loki.RangeTooLong")]
    [InlineData(200, "<html>", "Loki.AnswerInvalid")]
    public async Task Refusals_are_told_apart(int status, string text, string id)
    {
        await using var loki = new LokiDouble { Refusal = (status, text) };

        var error = await Assert.ThrowsAsync<OpsException>(() => ReadAsync(loki, new LogQuery(), 100));

        Assert.Equal(id, error.Id);
    }

    [Fact]
    public async Task One_that_is_down_says_where()
    {
        var stack = new OpsStack { Name = "test", Monitoring = new StackMonitoring { Loki = $"http://127.0.0.1:{TestRun.FreePort()}" } };
        await using var session = new StackSession(stack);
        var source = new LokiSource(LokiTarget.Of(session), """{app="api"}""");

        var error = await Assert.ThrowsAsync<OpsException>(async () => await source.ReadAsync(new LogQuery(), new RecordedOutput(), default).GetAsyncEnumerator().MoveNextAsync());

        Assert.Equal("Loki.NotAnswering", error.Id);
        Assert.Contains(stack.Monitoring!.Loki!, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_member_whose_logs_are_in_Loki_is_read_and_followed_there()
    {
        await using var loki = new LokiDouble();
        loki.Add(Nanoseconds(DateTime.UtcNow.AddMinutes(-5)), "before", "app", "api");
        var stack = new OpsStack { Name = "test", Monitoring = new StackMonitoring { Loki = loki.Url } };
        stack.Services["payments"] = new StackService { Logs = ["""{app="api"}"""] };

        Assert.Equal(("before", "payments"), Assert.Single(await MemberLog.ReadAsync(stack)) is var record ? (record.Message, record.Service) : default);

        var followed = await MemberLog.FollowAsync(
            stack,
            (() => AddAsync(DateTime.UtcNow, "now"), "now"),
            (() => AddAsync(DateTime.UtcNow.AddSeconds(-1), "late"), "late"));
        Assert.Equal(["now", "late"], followed.Select(item => item.Message));

        Task AddAsync(DateTime time, string line)
        {
            loki.Add(Nanoseconds(time), line, "app", "api");
            return Task.CompletedTask;
        }
    }

    private static long Nanoseconds(int seconds) => Nanoseconds(Start.AddSeconds(seconds));

    private static long Nanoseconds(DateTime time) => (time - DateTime.UnixEpoch).Ticks * 100;

    private static async Task<List<LogRecord>> ReadAsync(LokiDouble loki, LogQuery query, int pageSize, string logQl = """{app="api"}""")
    {
        await using var host = new LocalHost();
        var records = new List<LogRecord>();
        await foreach (var record in new LokiSource(new LokiTarget(host, new Uri(loki.Url)) { PageSize = pageSize }, logQl).ReadAsync(query, new RecordedOutput(), default))
        {
            records.Add(record);
        }

        return records;
    }
}
