using OpsRunbook.Engine.Logs;
using OpsRunbook.Engine.Logs.Files;

namespace OpsRunbook.Engine.Tests.Logs;

public sealed class RotatedLogTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("opsrunbook-").FullName;
    private readonly RecordedOutput _output = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("app.log.1", "app.log", true)]
    [InlineData("app.log.12.gz", "app.log", true)]
    [InlineData("app.log-20260123", "app.log", true)]
    [InlineData("app.log-20260123-1769126400.gz", "app.log", true)]
    [InlineData("app.log.2026-01-23", "app.log", true)]
    [InlineData("app.log.old", "app.log", true)]
    [InlineData("app-20260123.log", "app.log", true)]
    [InlineData("api-out__2026-01-23_00-00-00.log.gz", "api-out.log", true)]
    [InlineData("syslog.1", "syslog", true)]
    [InlineData("app.log", "app.log", false)]
    [InlineData("api-out-1.log", "api-out.log", false)]
    [InlineData("app-error.log", "app.log", false)]
    [InlineData("app.log.swp", "app.log", false)]
    [InlineData("app2.log", "app.log", false)]
    [InlineData("syslog2", "syslog", false)]
    public void Rotation_is_told_by_the_name(string name, string log, bool expected) => Assert.Equal(expected, RotatedLogs.IsOf(name, log));

    [Fact]
    public async Task A_time_range_reaches_into_rotated_files_and_no_range_does_not()
    {
        var start = new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        Part("app.log.3", 0);
        Part("app.log.2", 10);
        Part("app.log.1", 11);
        Part("app.log", 12);
        Part("other.log.1", 11);

        Assert.Equal([11, 12], await HoursAsync(new LogQuery { Since = start.AddHours(10).AddMinutes(30) }));
        Assert.Equal([10, 11, 12], await HoursAsync(new LogQuery { Since = start.AddHours(9) }));
        Assert.Equal([12], await HoursAsync(new LogQuery { Since = start.AddHours(12) }));
        Assert.Equal([12], await HoursAsync(new LogQuery()));
        Assert.Empty(_output.Errors);

        void Part(string name, int hour)
        {
            var path = LogText.Write(_folder, name, $"2026-01-01T{hour:00}:00:00Z INFO of hour {hour}\n");
            File.SetLastWriteTimeUtc(path, start.AddHours(hour));
        }

        async Task<List<int>> HoursAsync(LogQuery query)
        {
            var hours = new List<int>();
            await foreach (var record in new LogReader(query, _output).ReadAsync(LogSelection.OfPaths(["app.log"], _folder, _output, query.Since), default))
            {
                hours.Add(record.Time!.Value.Hour);
            }

            return hours;
        }
    }

    [Fact]
    public void A_file_that_a_pattern_names_too_is_read_once()
    {
        LogText.Write(_folder, "app.log", "x\n");
        LogText.Write(_folder, "app.log.1", "x\n");

        Assert.Equal(2, LogSelection.OfPaths(["app.log*"], _folder, _output, DateTime.UtcNow.AddDays(-1)).Count);
        Assert.Equal(2, LogSelection.OfPaths(["app.log"], _folder, _output, DateTime.UtcNow.AddDays(-1)).Count);
    }

    [Theory]
    [InlineData("delete")]
    [InlineData("rotate")]
    [InlineData("truncate")]
    public async Task A_file_that_goes_while_it_is_read_gives_only_what_it_held(string what)
    {
        // More than what is read ahead.
        const int Lines = 400_000;
        var path = LogText.Write(_folder, "app.log", string.Concat(Enumerable.Range(0, Lines).Select(i => $"2026-01-23T10:30:00Z INFO line {i} of the old file\n")));
        var (seen, broken) = (0, 0);

        await foreach (var record in new LogReader(new LogQuery(), _output).ReadAsync([new LogFileSource(path)], default))
        {
            if (seen == 0)
            {
                switch (what)
                {
                    case "delete":
                        File.Delete(path);
                        break;
                    case "rotate":
                        File.Move(path, path + ".1");
                        LogText.Write(_folder, "app.log", "2026-01-23T10:31:00Z INFO line of the new file\n");
                        break;
                    default:
                        File.WriteAllText(path, string.Empty);
                        break;
                }
            }

            broken += record.Message == $"line {seen} of the old file" ? 0 : 1;
            seen++;
        }

        Assert.Empty(_output.Errors);
        if (what == "truncate")
        {
            // Where the cut fell into a part that was being read, the last record has lost its end.
            Assert.InRange(seen, 1, Lines);
            Assert.InRange(broken, 0, Environment.ProcessorCount + 1);
        }
        else
        {
            Assert.Equal((Lines, 0), (seen, broken));
        }
    }

    [Fact]
    public async Task A_file_that_is_gone_before_it_is_opened_is_an_error_and_the_rest_goes_on()
    {
        LogText.Write(_folder, "a.log", "2026-01-23T10:30:00Z INFO a\n");
        LogText.Write(_folder, "b.log", "2026-01-23T10:30:00Z INFO b\n");
        var sources = LogSelection.OfPaths(["*.log"], _folder, _output);
        File.Delete(Path.Combine(_folder, "a.log"));
        var records = new List<string>();

        await foreach (var record in new LogReader(new LogQuery(), _output).ReadAsync(sources, default))
        {
            records.Add(record.Message);
        }

        Assert.Equal(["b"], records);
        Assert.Equal("Log.FileNotFound", Assert.Single(_output.Errors).Id);
    }

    [SkippableFact]
    public async Task Times_without_a_zone_are_of_the_zone_that_is_given()
    {
        Skip.IfNot(TimeZoneInfo.TryFindSystemTimeZoneById("Asia/Tokyo", out var zone), "The zones of tzdata are needed.");
        var path = LogText.Write(_folder, "app.log", "2026-01-23 10:30:00 INFO local\n2026-01-23T10:30:00Z INFO utc\n");

        var records = await LogText.ReadAsync(path, new LogQuery { Zone = zone });
        var inRange = await LogText.ReadAsync(path, new LogQuery { Zone = zone, Until = new DateTime(2026, 1, 23, 2, 0, 0, DateTimeKind.Utc) });

        Assert.Equal([new DateTime(2026, 1, 23, 1, 30, 0), new DateTime(2026, 1, 23, 10, 30, 0)], records.Select(record => record.Time!.Value));
        Assert.Equal("local", Assert.Single(inRange).Message);
    }
}
