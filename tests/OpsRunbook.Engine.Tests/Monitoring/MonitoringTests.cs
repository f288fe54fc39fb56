using System.Diagnostics;
using OpsRunbook.Engine.Monitoring;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Engine.Tests.Stacks;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Monitoring;

public sealed class MonitoringTests
{
    [SkippableFact]
    public async Task Instant_and_range_queries_answer_with_labels_and_utc_times()
    {
        await using var server = await Servers.NewPrometheusAsync();
        await using var session = Session(server.Url);
        var prometheus = new PrometheusClient(MonitoringServer.Prometheus(session));
        await EventuallyAsync(async () => (await prometheus.InstantAsync("up{job=\"self\"}", null, default)).Count == 1);

        var before = DateTime.UtcNow;
        var up = Assert.Single(await prometheus.InstantAsync("up{job=\"self\"}", null, default));
        Assert.Equal(("up", 1.0, DateTimeKind.Utc), (up.Name, up.Value, up.Time.Kind));
        Assert.InRange(up.Time, before.AddMinutes(-1), DateTime.UtcNow.AddMinutes(1));
        Assert.Equal("self", up.Labels["job"]);
        Assert.DoesNotContain("__name__", up.Labels.Keys);

        var scalar = Assert.Single(await prometheus.InstantAsync("1 / 0", null, default));
        Assert.Equal((double.PositiveInfinity, string.Empty), (scalar.Value, scalar.Name));
        Assert.True(double.IsNaN(Assert.Single(await prometheus.InstantAsync("scalar(nothing_of_this_name)", null, default)).Value));
        Assert.Empty(await prometheus.InstantAsync("nothing_of_this_name", null, default));
    }

    [SkippableFact]
    public async Task A_range_of_more_points_than_the_server_gives_at_once_comes_whole_and_each_point_once()
    {
        await using var server = await Servers.NewPrometheusAsync();
        await using var session = Session(server.Url);
        var prometheus = new PrometheusClient(MonitoringServer.Prometheus(session));
        var start = new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        var points = new List<MetricSample>();
        await foreach (var sample in prometheus.RangeAsync("vector(7)", start, start.AddSeconds(25_000), TimeSpan.FromSeconds(1), default))
        {
            points.Add(sample);
        }

        Assert.Equal(25_001, points.Count);
        Assert.Equal(points.Count, points.Select(point => point.Time).Distinct().Count());
        Assert.Equal((start, start.AddSeconds(25_000)), (points[0].Time, points[^1].Time));
    }

    [SkippableFact]
    public async Task What_is_wrong_with_a_query_or_an_address_is_told_apart()
    {
        await using var server = await Servers.NewPrometheusAsync();
        await using var nginx = await Servers.NewNginxAsync();
        await using var session = Session(server.Url);
        Task<IReadOnlyList<MetricSample>> Ask(string query, string? url = null) =>
            new PrometheusClient(MonitoringServer.Prometheus(session, url)).InstantAsync(query, null, default);

        var invalid = await Assert.ThrowsAsync<OpsException>(() => Ask("sum(("));
        Assert.Equal("Prometheus.QueryInvalid", invalid.Id);
        Assert.Contains("parse error", invalid.Message, StringComparison.Ordinal);
        Assert.Equal("Prometheus.NotFound", (await Assert.ThrowsAsync<OpsException>(() => Ask("up", nginx.Url))).Id);
        await server.KillAsync();
        var gone = await Assert.ThrowsAsync<OpsException>(() => Ask("up", $"http://user:s3cret@127.0.0.1:{server.Port}"));
        Assert.Equal("Prometheus.NotAnswering", gone.Id);
        Assert.DoesNotContain("s3cret", gone.Message, StringComparison.Ordinal);
        await using var none = new StackSession(new OpsStack { Name = "bare" });
        Assert.Equal("Prometheus.NotConfigured", Assert.Throws<OpsException>(() => MonitoringServer.Prometheus(none)).Id);
    }

    [SkippableFact]
    public async Task A_target_that_cannot_be_scraped_stands_first_with_its_cause()
    {
        await using var server = await Servers.NewPrometheusAsync(new Dictionary<string, string> { ["api"] = $"127.0.0.1:{TestRun.FreePort()}" });
        await using var session = Session(server.Url);
        var prometheus = new PrometheusClient(MonitoringServer.Prometheus(session));
        await EventuallyAsync(async () => (await prometheus.TargetsAsync(default)).Count(target => target.Status != HealthStatus.Unknown) == 2);
        var targets = await prometheus.TargetsAsync(default);
        Assert.Equal(["api", "self"], targets.Select(target => target.Job));
        Assert.Equal([HealthStatus.Critical, HealthStatus.Healthy], targets.Select(target => target.Status));
        Assert.Contains("connection refused", targets[0].LastError, StringComparison.Ordinal);
        Assert.Null(targets[1].LastError);
        Assert.Equal(DateTimeKind.Utc, targets[1].LastScrape!.Value.Kind);
    }

    [SkippableFact]
    public async Task Metrics_are_judged_by_their_limits_and_what_cannot_be_read_is_unknown_with_the_reason()
    {
        await using var server = await Servers.NewPrometheusAsync();
        await using var session = Session(server.Url);
        var test = new ThresholdTest(new PrometheusClient(MonitoringServer.Prometheus(session)));
        async Task<MetricReading> Read(StackMetric metric, string? query = "vector(3)") =>
            Assert.Single(await test.RunAsync(new WatchedMetric("m", metric, query, "node_exporter"), null, default));

        Assert.Equal(HealthStatus.Healthy, (await Read(new StackMetric { Warning = 3.5 })).Status);
        Assert.Equal(HealthStatus.Warning, (await Read(new StackMetric { Warning = 3, Critical = 4 })).Status);
        Assert.Equal(HealthStatus.Critical, (await Read(new StackMetric { Warning = 1, Critical = 3, Unit = "s" })).Status);
        Assert.Equal(HealthStatus.Critical, (await Read(new StackMetric { CriticalBelow = 5, WarningBelow = 9 })).Status);
        Assert.Equal(HealthStatus.Healthy, (await Read(new StackMetric { WarningBelow = 3 })).Status);
        var critical = await Read(new StackMetric { Critical = 2, Unit = "%", Description = "Used" });
        Assert.Equal("Used: 3%, critical from 2%.", critical.Message);

        var (nothing, none, broken, nan) = (
            await Read(new StackMetric(), "no_such_series"), await Read(new StackMetric(), null), await Read(new StackMetric(), "sum(("), await Read(new StackMetric { Warning = 1 }, "vector(0) / vector(0)"));
        Assert.All([nothing, none, broken, nan], reading => Assert.Equal(HealthStatus.Unknown, reading.Status));
        Assert.Contains("node_exporter", nothing.Message, StringComparison.Ordinal);
        Assert.Contains("metrics.m.query", none.Message, StringComparison.Ordinal);
        Assert.Contains("parse error", broken.Message, StringComparison.Ordinal);
        Assert.Null(nothing.Value);
    }

    [SkippableFact]
    public async Task The_usual_metrics_of_runbook_3_ship_with_its_limits_and_parse_in_prometheus()
    {
        await using var server = await Servers.NewPrometheusAsync();
        await using var session = Session(server.Url);
        var test = new ThresholdTest(new PrometheusClient(MonitoringServer.Prometheus(session)));
        var usual = WatchedMetric.Of(new OpsStack()).ToDictionary(metric => metric.Name);
        Assert.Equal(
            [(0.5, 2), (1, 5), (70, 90), (80, 95), (80, 90), (50, 80), (80, 90)],
            ((string[])["latency", "errorRate", "cpu", "memory", "disk", "dbConnections", "cacheMemory"]).Select(name => (usual[name].Definition.Warning!.Value, usual[name].Definition.Critical!.Value)));
        foreach (var metric in usual.Values)
        {
            var reading = Assert.Single(await test.RunAsync(metric, null, default));
            Assert.Equal((HealthStatus.Unknown, true), (reading.Status, reading.Message.StartsWith("Prometheus has no such series", StringComparison.Ordinal)));
        }
    }

    [SkippableFact]
    public async Task The_rules_of_every_example_stack_pass_promtool()
    {
        _ = Tool.Require("promtool", "Prometheus", "prometheus");
        foreach (var file in Directory.GetFiles(Repository.File("module/stacks"), "*.yaml"))
        {
            var stack = (await StackLoader.ReadAsync(file, default)).Stack;
            var rules = new AlertRules(stack, TimeSpan.FromMinutes(1));
            var path = Path.Combine(TestRun.NewFolder("rules"), "rules.yml");
            var created = rules.Create(new RecordedOutput());
            await File.WriteAllTextAsync(path, rules.Write(created));
            Assert.Contains($"{created.Count} rules found", await Tool.RunAsync("promtool", ["check", "rules", path]), StringComparison.Ordinal);
        }
    }

    [SkippableFact]
    public async Task Rules_of_a_stack_fire_when_the_target_goes_away_and_reach_the_alertmanager()
    {
        await using var api = await Servers.NewPrometheusAsync();
        await using var alertmanager = await Servers.NewAlertmanagerAsync();
        var stack = new OpsStack { Name = "sh\"op" };
        stack.Services["api"] = new StackService { Health = [new StackHealthCheck { Url = "http://localhost:1/he\"alth" }] };
        stack.Alerts["APIDown"] = new StackAlert { Members = ["api"], Failures = 3, Severity = "P1", Description = "It does {{ not }} answer" };
        var rules = new AlertRules(stack, TimeSpan.FromMilliseconds(500));
        var created = rules.Create(new RecordedOutput());
        Assert.Equal(TimeSpan.FromSeconds(1), created[0].For);
        await using var server = await Servers.NewPrometheusAsync(new Dictionary<string, string> { ["api"] = $"127.0.0.1:{api.Port}" }, alertmanager.Address, rules.Write(created));
        await using var session = new StackSession(new OpsStack { Monitoring = new StackMonitoring { Prometheus = server.Url, Alertmanager = alertmanager.Url } });
        var prometheus = new PrometheusClient(MonitoringServer.Prometheus(session));
        var manager = new AlertmanagerClient(MonitoringServer.Alertmanager(session));
        await EventuallyAsync(async () => (await prometheus.TargetsAsync(default)).Count(target => target.Status == HealthStatus.Healthy) == 2);
        Assert.DoesNotContain(await prometheus.AlertsAsync(default), alert => alert.Name == "APIDown");

        await api.KillAsync();
        await EventuallyAsync(async () => (await manager.AlertsAsync(default)).Any(alert => alert.Name == "APIDown"));
        var merged = Assert.Single(AlertList.Merge(await prometheus.AlertsAsync(default), await manager.AlertsAsync(default)), alert => alert.Name == "APIDown");
        Assert.Equal((HealthStatus.Critical, "firing", "P1", "alertmanager"), (merged.Status, merged.State, merged.Severity, merged.Source));
        Assert.Equal("sh\"op", merged.Labels["stack"]);
        Assert.Contains("{ { not }} answer", merged.Summary, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("alertname=HighCPU", "alertname=\"HighCPU\"")]
    [InlineData(" instance =~ \"web.*\" ", "instance=~\"web.*\"")]
    [InlineData("job!~db.*", "job!~\"db.*\"")]
    [InlineData("summary!=\"a \\\"b\\\" \\\\ c\\nd\"", "summary!=\"a \\\"b\\\" \\\\ c\\nd\"")]
    public void Conditions_are_read_as_alertmanager_writes_them(string text, string shown) => Assert.Equal(shown, AlertMatchers.Parse(text).ToString());

    [Theory]
    [InlineData("alertname")]
    [InlineData("=x")]
    [InlineData("alert name=x")]
    [InlineData("instance=~(")]
    public void What_is_no_condition_is_refused(string text) => Assert.Equal("Alert.MatcherInvalid", Assert.Throws<OpsException>(() => AlertMatchers.Parse(text)).Id);

    [Theory]
    [InlineData(true, "alertname=~.*")]
    [InlineData(true, "alertname=~.+", "job!=x")]
    [InlineData(true, "instance!~web")]
    [InlineData(true, "alertname!=\"\"")]
    [InlineData(false, "alertname=~High.*")]
    [InlineData(false, "alertname=~.+", "job=x")]
    public void Conditions_that_fit_everything_are_refused(bool wide, params string[] conditions)
    {
        var matchers = conditions.Select(AlertMatchers.Parse).ToList();
        if (wide)
        {
            Assert.Equal("Alert.MatcherTooWide", Assert.Throws<OpsException>(() => AlertMatchers.RequireNarrow(matchers)).Id);
        }
        else
        {
            AlertMatchers.RequireNarrow(matchers);
        }
    }

    private static StackSession Session(string prometheus) => new(new OpsStack { Name = "test", Monitoring = new StackMonitoring { Prometheus = prometheus } });

    private static async Task EventuallyAsync(Func<Task<bool>> holds)
    {
        var start = Stopwatch.GetTimestamp();
        while (!await holds())
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(60), "It never came to be.");
            await Task.Delay(100);
        }
    }
}
