using OpsRunbook.Engine.Logs;
using OpsRunbook.Engine.Logs.Files;
using OpsRunbook.Engine.Logs.Measuring;

namespace OpsRunbook.Engine.Tests.Logs;

public sealed class MeasureTests : IDisposable
{
    private static readonly DateTime Start = new(2026, 1, 23, 10, 0, 0, DateTimeKind.Utc);
    private readonly string _folder = Directory.CreateTempSubdirectory("opsrunbook-").FullName;
    private readonly RecordedOutput _output = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Messages_of_one_kind_are_counted_together()
    {
        var path = Write(
            (0, "ERROR", "user 1 not found"), (60, "ERROR", "user 22 not found\n    at x"), (30, "ERROR", "user 3 not found"), (10, "WARN", "user 4 not found"), (5, "INFO", "ready"));

        var rows = await MeasureAsync(new MeasureRequest(), path);

        Assert.Equal([("user <num> not found", LogLevel.Error, 3L), ("ready", LogLevel.Info, 1), ("user <num> not found", LogLevel.Warning, 1)], rows.Select(row => (row.Value, row.Level, row.Count)));
        Assert.Equal((Start, Start.AddSeconds(60), 60.0, "user 1 not found"), (rows[0].FirstSeen, rows[0].LastSeen, rows[0].Share, rows[0].Example));
        Assert.Equal(16, rows[0].Trend.Length);
        Assert.Contains('█', rows[0].Trend);
        Assert.Null(rows[0].Change);
    }

    [Fact]
    public async Task Records_are_counted_by_level_minute_and_field()
    {
        var path = LogText.Write(_folder, "a.log", string.Concat(Enumerable.Range(0, 90).Select(i =>
            $"{{\"level\":{(i % 3 == 0 ? 50 : 30)},\"time\":\"{Start.AddSeconds(i):O}\",\"status\":{(i % 2 == 0 ? 200 : 500)},\"msg\":\"x\"}}\n")));

        var levels = await MeasureAsync(new MeasureRequest { By = LogMeasureBy.Level }, path);
        var minutes = await MeasureAsync(new MeasureRequest { By = LogMeasureBy.Minute }, path);
        var fields = await MeasureAsync(new MeasureRequest { By = LogMeasureBy.Field, Field = "status", Query = new LogQuery { Level = LogLevel.Error } }, path);

        Assert.Equal([("Info", 60L), ("Error", 30)], levels.Select(row => (row.Value, row.Count)));
        Assert.Equal([("2026-01-23 10:00Z", 60L), ("2026-01-23 10:01Z", 30)], minutes.Select(row => (row.Value, row.Count)));
        Assert.Equal([("200", 15L), ("500", 15)], fields.Select(row => (row.Value, row.Count)));
    }

    [Fact]
    public async Task The_period_before_tells_what_is_new_risen_fallen_and_gone()
    {
        var lines = new List<(int, string, string)>();
        Add("steady", 100, 10);
        Add("risen", 20, 10);
        Add("fallen", 100, 1);
        Add("gone", 10, 0);
        Add("new", 0, 3);
        var path = Write([.. lines.OrderBy(line => line.Item1)]);
        var query = new LogQuery { Since = Start.AddSeconds(1000), Until = Start.AddSeconds(1100) };

        var rows = await MeasureAsync(new MeasureRequest { Query = query, Baseline = TimeSpan.FromSeconds(1000) }, path);

        Assert.Equal(
            [("fallen", LogChange.Fallen), ("gone", LogChange.Gone), ("new", LogChange.New), ("risen", LogChange.Risen), ("steady", LogChange.Same)],
            rows.OrderBy(row => row.Value, StringComparer.Ordinal).Select(row => (row.Value, row.Change!.Value)));
        Assert.Equal((0L, 10L), (rows.Single(row => row.Value == "gone").Count, rows.Single(row => row.Value == "gone").BaselineCount));

        void Add(string message, int before, int after)
        {
            lines.AddRange(Enumerable.Range(0, before).Select(i => (i, "INFO", message)));
            lines.AddRange(Enumerable.Range(0, after).Select(i => (1000 + i, "INFO", message)));
        }
    }

    [Fact]
    public async Task More_values_than_fit_are_counted_together_with_a_warning()
    {
        var path = LogText.Write(_folder, "a.log", string.Concat(Enumerable.Range(0, MeasureEntry.Most + 500).Select(i => $"{{\"msg\":\"x\",\"id\":\"v{i}\"}}\n")));

        var rows = await MeasureAsync(new MeasureRequest { By = LogMeasureBy.Field, Field = "id" }, path);

        Assert.Equal(MeasureEntry.Most + 500, rows.Sum(row => row.Count));
        Assert.Contains(rows, row => row.Value == "(others)" && row.Count >= 500);
        Assert.Contains("(others)", Assert.Single(_output.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void A_series_keeps_its_total_however_far_its_moments_lie_apart()
    {
        var random = new Random(5);
        for (var round = 0; round < 200; round++)
        {
            var (first, second) = (new RateSeries(), new RateSeries());
            var spread = Math.Pow(10, random.Next(1, 9));
            for (var i = 0; i < 50; i++)
            {
                (i % 2 == 0 ? first : second).Add(Start.AddSeconds((random.NextDouble() - 0.5) * spread).Ticks);
            }

            first.Add(second);
            Assert.Equal(50, first.Total);
        }
    }

    [Fact]
    public async Task An_access_log_is_summed_up()
    {
        var path = LogText.Write(_folder, "access.log", string.Concat(Enumerable.Range(0, 1000).Select(i =>
            $"203.0.113.{i % 4} - - [{Start.AddSeconds(i * 4):dd/MMM/yyyy:HH:mm:ss} +0000] \"GET /api/200/{i}?q={i} HTTP/1.1\" {(i % 100 == 0 ? 503 : i % 50 == 1 ? 429 : 200)} 10 \"-\" \"x\" {(i + 1) / 1000.0:0.000}\n")));

        var result = (await new AccessLogMeasure(new LogQuery(), null, 10, _output).RunAsync([new LogFileSource(path)], CancellationToken.None))!;

        Assert.Equal((1000L, 10L, 20L, 20L, 10_000L), (result.Requests, result.ServerErrors, result.ClientErrors, result.TooManyRequests, result.Bytes));
        Assert.Equal((970L, 20L, 10L), (result.Codes[200], result.Codes[429], result.Classes["5xx"]));
        Assert.Equal("/api/<num>/<num>", Assert.Single(result.TopRoutes).Route);
        Assert.Equal([250L, 250, 250, 250], result.TopClients.Select(client => client.Requests));
        Assert.InRange(result.P50!.Value.TotalMilliseconds, 480, 520);
        Assert.InRange(result.P95!.Value.TotalMilliseconds, 920, 980);
        Assert.InRange(result.P99!.Value.TotalMilliseconds, 960, 1000);
        Assert.Equal(TimeSpan.FromSeconds(1), result.Longest);
        Assert.Equal(1000, result.Buckets.Sum(bucket => bucket.Requests));
        Assert.InRange(result.Buckets.Count, 5, 30);
        Assert.Equal((Start, Start.AddSeconds(3996)), (result.From, result.To));
    }

    [Fact]
    public async Task Requests_that_were_logged_as_json_are_summed_up()
    {
        var path = LogText.Write(_folder, "api.log", """
            {"level":30,"time":1769164200123,"req":{"method":"GET","url":"/a/1","remoteAddress":"203.0.113.7"},"res":{"statusCode":500},"responseTime":250,"msg":"request completed"}
            {"level":30,"time":1769164200123,"msg":"no request"}
            {"time":"2026-01-23T10:30:00+00:00","remote_addr":"203.0.113.8","request":"GET /a/2 HTTP/1.1","status":"200","body_bytes_sent":12,"request_time":"0.100"}

            """);

        var result = (await new AccessLogMeasure(new LogQuery(), null, 10, _output).RunAsync([new LogFileSource(path)], CancellationToken.None))!;

        Assert.Equal((2L, 1L, 1L), (result.Requests, result.ServerErrors, result.OtherLines));
        Assert.Equal(("GET", "/a/<num>", 2L), (result.TopRoutes[0].Method, result.TopRoutes[0].Route, result.TopRoutes[0].Requests));
        Assert.Equal(TimeSpan.FromMilliseconds(250), result.Longest);
        Assert.Equal(["203.0.113.7", "203.0.113.8"], result.TopClients.Select(client => client.Address));
    }

    [Fact]
    public async Task What_is_no_access_log_is_an_error()
    {
        var path = Write((0, "INFO", "x"));

        var error = await Assert.ThrowsAsync<OpsException>(() => new AccessLogMeasure(new LogQuery(), null, 10, _output).RunAsync([new LogFileSource(path)], CancellationToken.None));

        Assert.Equal("Log.NotAccessLog", error.Id);
    }

    private string Write(params (int Second, string Level, string Message)[] lines) =>
        LogText.Write(_folder, "a.log", string.Concat(lines.Select(line => $"{Start.AddSeconds(line.Second):yyyy-MM-ddTHH:mm:ss}Z {line.Level} {line.Message}\n")));

    private async Task<List<LogMeasurement>> MeasureAsync(MeasureRequest request, string path)
    {
        var before = _output.Items.Count;
        await new ServiceLogMeasure(request, _output).RunAsync([new LogFileSource(path)], CancellationToken.None);
        return _output.Items.Skip(before).Cast<LogMeasurement>().ToList();
    }
}
