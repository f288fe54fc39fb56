using System.Globalization;
using System.IO.Compression;
using System.Text;
using OpsRunbook.Engine.Logs;
using OpsRunbook.Engine.Logs.Files;
using OpsRunbook.Engine.Logs.Scanning;

namespace OpsRunbook.Engine.Tests.Logs;

public sealed class LogFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("opsrunbook-").FullName;
    private readonly RecordedOutput _output = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Line_ends_of_every_kind_and_bytes_that_are_no_text_make_no_difference()
    {
        var path = LogText.Write(_folder, "a.log", "2026-01-23T10:30:00Z INFO one\r\n2026-01-23T10:30:01Z INFO two\r\r\n\0\0\0\0" + "2026-01-23T10:30:02Z INFO th\u00ffr\u0080ee \x1b[31mred\n2026-01-23T10:30:03Z INFO a\rb");

        var records = await LogText.ReadAsync(path);

        Assert.Equal(["one", "two", "th\ufffdr\ufffdee \u001b[31mred", "a\rb"], records.Select(record => record.Message));
        Assert.Equal([1L, 2, 3, 4], records.Select(record => record.SourceLine));
        Assert.DoesNotContain('\u001b', Display.Text(records[2].Message));
        Assert.Equal(0, records[0].SourceOffset);
    }

    [Fact]
    public async Task A_line_without_end_is_cut_with_a_mark_and_the_next_record_is_whole()
    {
        var path = Path.Combine(_folder, "long.log");
        await using (var file = File.Create(path))
        {
            await file.WriteAsync("2026-01-23T10:30:00Z INFO first\n2026-01-23T10:30:01Z ERROR "u8.ToArray());
            var block = new byte[1 << 20];
            block.AsSpan().Fill((byte)'x');
            for (var i = 0; i < 40; i++)
            {
                await file.WriteAsync(block);
            }

            await file.WriteAsync("\n2026-01-23T10:30:02Z INFO last\n"u8.ToArray());
        }

        var records = await LogText.ReadAsync(path);

        Assert.Equal([false, true, false], records.Select(record => record.Truncated));
        Assert.EndsWith("…[cut]", records[1].Message, StringComparison.Ordinal);
        Assert.InRange(records[1].Message.Length, RecordScanner.LongestRecord - 100, RecordScanner.LongestRecord + 100);
        Assert.Equal(("last", 3L), (records[2].Message, records[2].SourceLine));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(40)]
    [InlineData(4000)]
    public async Task A_packed_file_that_was_cut_gives_what_is_readable_and_an_error_with_the_place(int missing)
    {
        var path = Path.Combine(_folder, "app.log.1.gz");
        var packed = Pack(Lines(3000));
        await File.WriteAllBytesAsync(path, packed);
        var whole = await LogText.ReadAsync(path, output: _output);
        Assert.Equal(3000, whole.Count);
        Assert.Empty(_output.Errors);

        await File.WriteAllBytesAsync(path, packed[..^missing]);
        var records = await LogText.ReadAsync(path, output: _output);

        var error = Assert.Single(_output.Errors);
        Assert.Equal("Log.FileDamaged", error.Id);
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
        Assert.NotEmpty(records);
        Assert.Equal(whole.Take(records.Count - 1).Select(record => record.Message), records.SkipLast(1).Select(record => record.Message));
    }

    [Fact]
    public async Task Packed_files_that_were_joined_are_read_to_the_end_and_damage_is_an_error()
    {
        var path = Path.Combine(_folder, "joined.gz");
        byte[] joined = [.. Pack(Lines(50)), .. Pack(Lines(50))];
        await File.WriteAllBytesAsync(path, joined);
        Assert.Equal(100, (await LogText.ReadAsync(path, output: _output)).Count);
        Assert.Empty(_output.Errors);

        joined[joined.Length / 2 + 40] ^= 0xff;
        joined[joined.Length / 2 + 41] ^= 0xff;
        await File.WriteAllBytesAsync(path, joined);
        Assert.InRange((await LogText.ReadAsync(path, output: _output)).Count, 50, 100);
        Assert.Equal("Log.FileDamaged", Assert.Single(_output.Errors).Id);
    }

    [Fact]
    public async Task A_file_packed_with_something_else_is_an_error_that_names_it()
    {
        var path = LogText.Write(_folder, "a.log.xz", "\u00fd7zXZ\0\0");

        Assert.Empty(await LogText.ReadAsync(path, output: _output));

        var error = Assert.Single(_output.Errors);
        Assert.Equal("Log.CompressionNotSupported", error.Id);
        Assert.Contains("xz", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_time_range_of_a_large_file_reads_only_that_part_and_misses_nothing()
    {
        var path = Path.Combine(_folder, "large.log");
        var start = new DateTime(2026, 1, 23, 0, 0, 0, DateTimeKind.Utc);
        await File.WriteAllTextAsync(path, string.Concat(Enumerable.Range(0, 86_400).Select(second =>
            $"{start.AddSeconds(second):yyyy-MM-ddTHH:mm:ss}Z INFO record {second} with some text so that the file is large enough to be searched\n")));
        var query = new LogQuery { Since = start.AddHours(20), Until = start.AddHours(20).AddSeconds(100) };

        using var file = LogFile.Open(path, error => throw error);
        var (from, to) = TimeRange.Find(file, query);
        var records = await LogText.ReadAsync(path, query);

        Assert.InRange(to - from, 1, 500_000);
        Assert.Equal(Enumerable.Range(72_000, 100), records.Select(record => int.Parse(record.Message.Split(' ')[1], CultureInfo.InvariantCulture)));
        Assert.Equal(72_001, records[0].SourceLine);
        Assert.Equal(records[0].SourceOffset, (await File.ReadAllTextAsync(path)).IndexOf("record 72000 ", StringComparison.Ordinal) - 26);
    }

    [Theory]
    [InlineData(4060)]
    [InlineData(4096)]
    [InlineData(9000)]
    public async Task A_time_range_is_found_among_long_records(int length)
    {
        // Places at which the file is looked at fall into every part of a record, also into its time.
        var path = Path.Combine(_folder, "long-lines.log");
        var start = new DateTime(2026, 1, 23, 0, 0, 0, DateTimeKind.Utc);
        var filling = new string('x', length);
        await File.WriteAllTextAsync(path, string.Concat(Enumerable.Range(0, 2500).Select(minute => $"{start.AddMinutes(minute):yyyy-MM-dd'T'HH:mm:ss}.000+00:00 INFO record {minute} {filling}\n")));

        for (var from = 100; from < 2400; from += 331)
        {
            var records = await LogText.ReadAsync(path, new LogQuery { Since = start.AddMinutes(from), Until = start.AddMinutes(from + 5) });
            Assert.Equal(Enumerable.Range(from, 5), records.Select(record => int.Parse(record.Message.Split(' ')[1], CultureInfo.InvariantCulture)));
        }
    }

    [Fact]
    public async Task A_clock_that_went_back_hides_nothing()
    {
        var path = Path.Combine(_folder, "back.log");
        var start = new DateTime(2026, 1, 23, 0, 0, 0, DateTimeKind.Utc);
        await File.WriteAllTextAsync(path, string.Concat(Enumerable.Range(0, 80_000).Select(second =>
            $"{start.AddSeconds(second < 40_000 ? second : second - 30_000):yyyy-MM-ddTHH:mm:ss}Z INFO record {second} with some text so that the file is large enough to be searched\n")));

        var records = await LogText.ReadAsync(path, new LogQuery { Since = start.AddSeconds(12_000), Until = start.AddSeconds(12_100) });

        Assert.Equal(200, records.Count);
    }

    [Fact]
    public async Task The_last_records_are_the_newest_that_fit()
    {
        var path = LogText.Write(_folder, "a.log", string.Concat(Enumerable.Range(0, 60_000).Select(i => $"2026-01-23T10:30:00Z {(i % 2 == 0 ? "ERROR" : "INFO")} record {i}\n")));

        var records = await LogText.ReadAsync(path, new LogQuery { Last = 3, Level = LogLevel.Error });

        Assert.Equal(["record 59994", "record 59996", "record 59998"], records.Select(record => record.Message));
        Assert.Equal([59_995L, 59_997, 59_999], records.Select(record => record.SourceLine));
    }

    [Theory]
    [InlineData("boom", null, null, false, "2,5")]
    [InlineData("BOOM", null, null, true, "")]
    [InlineData("^\\s+at .*y$", null, null, false, "2")]
    [InlineData("one|two", null, null, false, "1,3")]
    [InlineData(null, "boom|fine", null, false, "1,3")]
    [InlineData("boom", "again", null, false, "2")]
    [InlineData(null, null, "id-1", false, "3")]
    [InlineData("(?<!x)boom again", null, null, false, "5")]
    public async Task Records_are_chosen_by_their_text(string? match, string? notMatch, string? id, bool caseSensitive, string expected)
    {
        var path = LogText.Write(_folder, "a.log", "2026-01-23T10:30:01Z INFO one\n2026-01-23T10:30:02Z ERROR boom\n   at y\n2026-01-23T10:30:03Z INFO two id-1\n2026-01-23T10:30:04Z INFO fine id-12\n2026-01-23T10:30:05Z ERROR boom again\n");
        var query = new LogQuery { Match = match, NotMatch = notMatch, CorrelationId = id, CaseSensitive = caseSensitive };

        Assert.Equal(expected, string.Join(',', (await LogText.ReadAsync(path, query)).Select(record => record.Time!.Value.Second)));

        // With neighbours the records go another way, and must be the same.
        var withContext = await LogText.ReadAsync(path, query with { ContextBefore = 1 });
        Assert.Equal(expected, string.Join(',', withContext.Where(record => !record.IsContext).Select(record => record.Time!.Value.Second)));
    }

    [Fact]
    public async Task Neighbours_are_given_once_and_marked()
    {
        var path = LogText.Write(_folder, "a.log", string.Concat(Enumerable.Range(0, 10).Select(i => $"2026-01-23T10:30:0{i}Z INFO {(i is 4 or 5 ? "hit" : "no")} {i}\n")));

        var records = await LogText.ReadAsync(path, new LogQuery { Match = "hit", ContextBefore = 2, ContextAfter = 1 });

        Assert.Equal([2, 3, 4, 5, 6], records.Select(record => record.Time!.Value.Second));
        Assert.Equal([true, true, false, false, true], records.Select(record => record.IsContext));
    }

    [Fact]
    public async Task A_pattern_that_is_none_and_one_that_would_hang_are_errors()
    {
        var path = LogText.Write(_folder, "a.log", $"2026-01-23T10:30:01Z INFO {new string('a', 40)}!\n");

        Assert.Equal("Log.PatternInvalid", (await Assert.ThrowsAsync<OpsException>(() => LogText.ReadAsync(path, new LogQuery { Match = "(a" }))).Id);

        // Without backtracking it is quick; with a lookaround it needs backtracking, and the limit ends it.
        Assert.Empty(await LogText.ReadAsync(path, new LogQuery { Match = "(a+)+$" }));
        Assert.Equal("Log.PatternTooSlow", (await Assert.ThrowsAsync<OpsException>(() => LogText.ReadAsync(path, new LogQuery { Match = "(?=a)(a+)+$" }))).Id);
    }

    [Fact]
    public async Task Several_logs_come_in_order_of_time_and_one_that_fails_does_not_end_the_others()
    {
        var first = LogText.Write(_folder, "a.log", "2026-01-23T10:30:00Z INFO a0\n2026-01-23T10:30:02Z INFO a2\n   more\n2026-01-23T10:30:04Z INFO a4\n");
        var second = LogText.Write(_folder, "b.log", "{\"level\":30,\"time\":\"2026-01-23T10:30:01Z\",\"msg\":\"b1\"}\ncrash without a time\n{\"level\":30,\"time\":\"2026-01-23T10:30:03Z\",\"msg\":\"b3\"}\n");
        var records = new List<LogRecord>();

        await foreach (var record in new LogReader(new LogQuery(), _output).ReadAsync(
            [new LogFileSource(first), new LogFileSource(Path.Combine(_folder, "none.log")), new LogFileSource(second)], CancellationToken.None))
        {
            records.Add(record);
        }

        Assert.Equal(["a0", "b1", "crash without a time", "a2\n   more", "b3", "a4"], records.Select(record => record.Message));
        Assert.Equal("Log.FileNotFound", Assert.Single(_output.Errors).Id);
    }

    [Fact]
    public void Paths_patterns_and_folders_stand_for_files()
    {
        LogText.Write(_folder, "app.log", "x\n");
        LogText.Write(_folder, "app.log.1", "x\n");
        LogText.Write(_folder, "wtmp", "\0\x01\0\x02");
        LogText.Write(_folder, ".hidden.log", "x\n");
        Directory.CreateDirectory(Path.Combine(_folder, "web"));
        LogText.Write(Path.Combine(_folder, "web"), "access.log", "x\n");

        Assert.Equal("app.log,app.log.1", Names("app.log*"));
        Assert.Equal("app.log,app.log.1", Names("."));
        Assert.Equal("access.log", Names("*/acc*"));
        Assert.Equal("app.log", Names("app.log", "./app.log"));
        Assert.Empty(_output.Errors);
        Assert.Equal(string.Empty, Names("nothing*", "none.log"));
        Assert.Equal(2, _output.Errors.Count(error => error.Id == "Log.FileNotFound"));

        string Names(params string[] paths) =>
            string.Join(',', LogFileSet.Find(paths, _folder, _output).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("/x/api-error.log", "api")]
    [InlineData("/x/api-out.log", "api")]
    [InlineData("/x/app.log.2.gz", "app")]
    [InlineData("/x/app.log-20260123.gz", "app")]
    [InlineData("/x/syslog", "syslog")]
    [InlineData("/var/log/nginx/error.log", "nginx")]
    [InlineData("/var/log/nginx/access.log.2.gz", "nginx")]
    [InlineData("/srv/shop/logs/error.log", "error")]
    [InlineData("error.log", "error")]
    public void A_file_names_its_service(string path, string service) => Assert.Equal(service, RecordBuilder.ServiceOf(path));

    [Fact]
    public async Task A_followed_log_goes_on_through_rotation_and_truncation()
    {
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var path = LogText.Write(_folder, "a.log", "2026-01-23T10:29:00Z INFO older\n2026-01-23T10:30:00Z INFO old\n");
        var seen = new List<string>();
        var reading = Task.Run(async () =>
        {
            await foreach (var record in new LogReader(new LogQuery { Follow = true, Last = 1 }, _output).ReadAsync([new LogFileSource(path)], stop.Token))
            {
                lock (seen)
                {
                    seen.Add(record.Message);
                }
            }
        });

        await WaitAsync("old");
        await File.AppendAllTextAsync(path, "2026-01-23T10:30:01Z ERROR one\n  at x\n");
        await WaitAsync("one\n  at x");
        File.Move(path, path + ".1");
        await File.AppendAllTextAsync(path + ".1", "2026-01-23T10:30:02Z INFO late\n");
        await Task.Delay(300);
        await File.WriteAllTextAsync(path, "2026-01-23T10:30:03Z INFO two\n");
        await WaitAsync("two");
        await File.WriteAllTextAsync(path, string.Empty);
        await Task.Delay(500);
        await File.AppendAllTextAsync(path, "2026-01-23T10:30:04Z INFO 3\n");
        await WaitAsync("3");
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);

        Assert.Equal(["old", "one\n  at x", "late", "two", "3"], seen);

        async Task WaitAsync(string message)
        {
            while (true)
            {
                lock (seen)
                {
                    if (seen.Contains(message))
                    {
                        return;
                    }
                }

                await Task.Delay(20, stop.Token);
            }
        }
    }

    private static string Lines(int count)
    {
        var random = new Random(1);
        return string.Concat(Enumerable.Range(0, count).Select(i => $"2026-01-23T10:30:00Z INFO line {i} {random.Next()}\n"));
    }

    private static byte[] Pack(string text)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal))
        {
            gzip.Write(Encoding.UTF8.GetBytes(text));
        }

        return packed.ToArray();
    }
}
