using System.Globalization;
using System.Xml.Linq;
using OpsRunbook.Engine.Disks.Capacity;
using OpsRunbook.Engine.Metrics;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Engine.State;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Disks;

public sealed class CapacityTests
{
    private static readonly DateTime Now = new(2026, 6, 1, 12, 0, 0, DateTimeKind.Utc);
    private static readonly Threshold Limits = new(80, 90);

    [Fact]
    public void The_interval_is_that_of_a_worked_example()
    {
        // Sen's own example (1968): the slope is 4, and by the exact table 93 % lie between 26/7 and 35/8; 95 % are a little wider.
        (double X, double Y)[] values = [(1, 9), (2, 15), (3, 19), (4, 20), (10, 45), (12, 55), (18, 78)];
        var line = TheilSen.Of(values);

        Assert.Equal(4, line.Slope, 6);
        Assert.Equal(1, line.Trend);
        Assert.InRange(line.Low, 3.0, 26.0 / 7);
        Assert.InRange(line.High, 35.0 / 8, 5.1);
    }

    [Fact]
    public void The_interval_holds_the_true_growth_about_as_often_as_it_says()
    {
        var random = new Random(42);
        var held = 0;
        for (var run = 0; run < 400; run++)
        {
            var line = TheilSen.Of(Enumerable.Range(0, 30).Select(day => ((double)day, 50 + (0.5 * day) + (4 * (random.NextDouble() + random.NextDouble() + random.NextDouble() - 1.5)))).ToList());
            held += line.Low <= 0.5 && line.High >= 0.5 ? 1 : 0;
        }

        Assert.InRange(held, 365, 395);
    }

    [Fact]
    public void A_disk_that_grows_is_full_on_the_day_on_which_it_is()
    {
        var forecast = Of(Days(30, day => 40 + day));

        Assert.Equal(1, forecast.GrowthPerDay!.Value, 6);
        Assert.Equal((11.0, 21.0, 31.0), (Ahead(forecast.WarningAt), Ahead(forecast.CriticalAt), Ahead(forecast.FullAt)));
        Assert.Equal(HealthStatus.Warning, forecast.Status);
        Assert.Equal(99, forecast.ValueIn30Days!.Value, 6);
        Assert.Equal("1 % a day: full on 2026-07-02", forecast.Message);
        Assert.Equal((30, '▁', '█'), (forecast.Chart.Length, forecast.Chart[0], forecast.Chart[^1]));
    }

    [Fact]
    public void Outliers_do_not_move_the_day()
    {
        var forecast = Of(Days(30, day => day is 4 or 11 or 20 ? 99 : 40 + day));

        Assert.Equal(1, forecast.GrowthPerDay!.Value, 1);
        Assert.InRange(Ahead(forecast.FullAt), 29, 33);
        Assert.True(forecast.FullEarliest <= forecast.FullAt && forecast.FullAt <= forecast.FullLatest);
    }

    [Theory]
    [InlineData(CapacityKind.Disk, 30.1998, "30.2%")]
    [InlineData(CapacityKind.Database, 1.5 * (1L << 30), "1.5 GB")]
    [InlineData(CapacityKind.CacheMemory, null, "")]
    public void A_value_has_its_unit_in_the_table(CapacityKind kind, double? value, string text) =>
        Assert.Equal(text, new CapacityForecast { Status = HealthStatus.Unknown, Kind = kind, Target = "x", Value = value, Message = string.Empty }.ValueText);

    [Theory]
    [InlineData(7, 24)]
    [InlineData(20, 3)]
    [InlineData(1, 24)]
    [InlineData(0, 24)]
    public void Too_little_data_is_said_to_be_too_little(int count, int hours)
    {
        var forecast = Of(Enumerable.Range(0, count).Select(i => (Now.AddHours(-hours * (count - 1 - i)), 40.0 + i)).ToList());

        Assert.Equal(HealthStatus.Unknown, forecast.Status);
        Assert.StartsWith("not enough data", forecast.Message, StringComparison.Ordinal);
        Assert.Null(forecast.FullAt);
        Assert.Null(forecast.GrowthPerDay);
    }

    [Fact]
    public void What_is_reached_already_needs_no_forecast() => Assert.Equal(HealthStatus.Critical, Of([(Now, 95)]).Status);

    [Fact]
    public void Without_clear_growth_there_is_no_date()
    {
        var random = new Random(7);
        var still = Of(Days(30, _ => 60 + (random.NextDouble() * 4)));
        var shrinks = Of(Days(30, day => 60 - day));

        Assert.Equal((HealthStatus.Healthy, null, "no clear growth"), (still.Status, still.FullAt, still.Message));
        Assert.Equal((HealthStatus.Healthy, null, "it shrinks"), (shrinks.Status, shrinks.FullAt, shrinks.Message));
    }

    [Fact]
    public void After_a_clean_up_the_date_is_counted_from_what_there_is_now()
    {
        // The line through all of it is at 83 today; the disk is at 50.
        var forecast = Of(Days(40, day => day == 39 ? 50 : 44 + day));

        Assert.InRange(Ahead(forecast.FullAt), 48, 52);
        Assert.Equal(HealthStatus.Healthy, forecast.Status);
    }

    [Fact]
    public void Numbers_that_are_none_and_values_of_one_moment_do_no_harm()
    {
        Assert.Equal(HealthStatus.Unknown, Of(Enumerable.Repeat((Now, 50.0), 20).ToList()).Status);
        Assert.Equal(1, Of(Days(30, day => day == 5 ? double.NaN : 40 + day)).GrowthPerDay!.Value, 6);
    }

    [Fact]
    public async Task Each_day_has_one_sample_and_the_fit_is_made_of_them()
    {
        await using var store = new FileStateStore(TestRun.NewFolder("state"));
        var samples = new CapacitySamples(store);
        IReadOnlyList<(DateTime Time, double Value)> values = [];
        foreach (var hour in Enumerable.Range(0, 40))
        {
            values = await samples.AddAsync("shop", CapacityKind.Disk, "local", "/var/with \"odd\" name", 40 + hour, Now.AddHours(6 * hour), CancellationToken.None);
        }

        Assert.Equal(11, values.Count);
        Assert.Equal(79, values[^1].Value);
        Assert.Equal(values.OrderBy(value => value.Time), values);
        Assert.Single(await samples.AddAsync("other", CapacityKind.Disk, "local", "/var/with \"odd\" name", 1, Now, CancellationToken.None));
    }

    [SkippableFact]
    public async Task Disks_database_and_cache_of_a_stack_are_sampled_where_there_is_no_prometheus()
    {
        var (postgres, redis) = (await Servers.PostgreSqlAsync(), await Servers.RedisAsync());
        var stack = new OpsStack { Name = "sampled" + TestRun.FreePort().ToString(CultureInfo.InvariantCulture) };
        stack.Databases["db"] = new StackDatabase { Engine = DatabaseEngine.Postgres, Server = postgres.Host, Port = postgres.Port, User = postgres.User, Database = postgres.Database, Password = SecretReference.Parse(postgres.Password) };
        stack.Caches["cache"] = new StackCache { Server = redis.Host, Port = redis.Port, Password = SecretReference.Parse(redis.Password) };
        stack.Caches["away"] = new StackCache { Server = "127.0.0.1", Port = TestRun.FreePort() };
        var file = Path.Combine(TestRun.NewFolder("svg"), "capacity.svg");

        var output = await ReadAsync(stack, file);

        var forecasts = output.Items.Cast<CapacityForecast>().ToList();
        Assert.All(forecasts, forecast => Assert.NotEmpty(forecast.Message));
        Assert.Contains(forecasts, forecast => forecast is { Kind: CapacityKind.Disk, Source: "samples", Points: 1 });
        var database = forecasts.Single(forecast => forecast.Kind == CapacityKind.Database);
        Assert.True(database.Value > 1_000_000);
        Assert.Equal(HealthStatus.Unknown, forecasts.Single(forecast => forecast.Target == "away").Status);
        Assert.Equal("svg", XDocument.Load(file).Root!.Name.LocalName);
    }

    [SkippableFact]
    public async Task Where_prometheus_has_the_values_they_are_taken_from_there()
    {
        await using var prometheus = await Servers.NewPrometheusAsync(rules: """
            groups:
              - name: sizes
                interval: 1s
                rules:
                  - { record: disk_used, expr: "41 + 0 * time()", labels: { mountpoint: /var, instance: "app:9100" } }
            """);
        var stack = new OpsStack { Name = "watched", Monitoring = new StackMonitoring { Prometheus = prometheus.Url } };
        stack.Metrics["disk"] = new StackMetric { Query = "disk_used" };
        CapacityForecast? forecast = null;
        for (var end = DateTime.UtcNow.AddSeconds(60); forecast is null && DateTime.UtcNow < end; await Task.Delay(500))
        {
            var output = await ReadAsync(stack, null, TimeSpan.FromHours(1), CapacityKind.Disk);
            forecast = output.Items.Cast<CapacityForecast>().FirstOrDefault(item => item.Source == "prometheus");
        }

        Assert.NotNull(forecast);
        Assert.Equal(("/var", "app:9100", 41.0, HealthStatus.Unknown), (forecast.Target, forecast.Host, forecast.Value, forecast.Status));
    }

    [SkippableFact]
    public async Task A_prometheus_that_is_away_is_said_and_the_samples_are_used()
    {
        var stack = new OpsStack { Name = "alone", Monitoring = new StackMonitoring { Prometheus = $"http://127.0.0.1:{TestRun.FreePort()}" } };

        var output = await ReadAsync(stack, null, TimeSpan.FromDays(30), CapacityKind.Disk);

        Assert.Contains("Prometheus could not be asked", Assert.Single(output.Warnings), StringComparison.Ordinal);
        Assert.All(output.Items.Cast<CapacityForecast>(), item => Assert.Equal("samples", item.Source));
    }

    [Fact]
    public async Task A_name_that_picks_nothing_is_said()
    {
        var output = new RecordedOutput();
        await using var session = new StackSession(new OpsStack { Name = "alone" });

        await new CapacityReader(session, new NameFilter(["/", "/no/such/mount"]), [], TimeSpan.FromDays(30), output).RunAsync([session.Host(null)], CancellationToken.None);

        Assert.Equal(("Capacity.NotFound", "/no/such/mount"), (Assert.Single(output.Errors).Id, output.Errors[0].Target));
        Assert.All(output.Items.Cast<CapacityForecast>(), item => Assert.Equal("/", item.Target));
    }

    private static CapacityForecast Of(IReadOnlyList<(DateTime Time, double Value)> values) =>
        CapacityForecaster.Of(new CapacitySeries(CapacityKind.Disk, "local", "/", "samples", values), Limits, Now);

    private static List<(DateTime Time, double Value)> Days(int count, Func<int, double> value) =>
        Enumerable.Range(0, count).Select(day => (Now.AddDays(day - (count - 1)), value(day))).ToList();

    private static double Ahead(DateTime? at) => Math.Round((at!.Value - Now).TotalDays, 3);

    private static async Task<RecordedOutput> ReadAsync(OpsStack stack, string? file, TimeSpan? history = null, params CapacityKind[] kinds)
    {
        var output = new RecordedOutput();
        await using var session = new StackSession(stack);
        var reader = new CapacityReader(session, new NameFilter([]), kinds, history ?? TimeSpan.FromDays(30), output);
        await reader.RunAsync([session.Host(null)], CancellationToken.None);
        if (file is not null)
        {
            await reader.WriteAsync(file, CancellationToken.None);
        }

        return output;
    }
}
