using OpsRunbook.Engine.Logs;
using OpsRunbook.Engine.Logs.Files;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Logs;

/// <summary>Logs that real servers wrote.</summary>
public sealed class ServerLogTests
{
    [SkippableFact]
    public async Task PostgreSQL_writes_to_standard_error()
    {
        await using var server = await Servers.NewPostgreSqlAsync("log_statement=none");
        await Assert.ThrowsAnyAsync<Exception>(() => server.ExecuteAsync("select *\nfrom \"no such\ntable\""));

        var (format, records) = await ReadAsync(server.LogFile);

        Assert.Equal("PostgreSQL", format);
        var record = Assert.Single(records, record => record.Message.Contains("no such", StringComparison.Ordinal));
        Assert.Equal((LogLevel.Error, "postgresql"), (record.Level, record.Service));
        Assert.Equal("select *\n\tfrom \"no such\n\ttable\"", record.Fields["statement"]);
        Assert.IsType<long>(record.Fields["pid"]);
        Recent(records);
    }

    [SkippableFact]
    public async Task PostgreSQL_writes_csv()
    {
        await using var server = await Servers.NewPostgreSqlAsync("logging_collector=on", "log_destination=csvlog", "log_directory=log");
        await Assert.ThrowsAnyAsync<Exception>(() => server.ExecuteAsync("select *\nfrom \"x\n2026-01-23 10:30:00.000 UTC,\"\"forged\"\"\""));
        var file = await EventuallyAsync(() => Directory.GetFiles(server.Folder, "*.csv", SearchOption.AllDirectories).FirstOrDefault(path => File.ReadAllText(path).Contains("forged", StringComparison.Ordinal)));

        var (format, records) = await ReadAsync(file);

        Assert.Equal("PostgreSQL CSV", format);
        var record = Assert.Single(records, record => record.Message.Contains("forged", StringComparison.Ordinal));
        Assert.Equal((LogLevel.Error, "postgres", "42P01"), (record.Level, record.Fields["user"], record.Fields["sqlState"]));
        Assert.Contains("select *\nfrom", (string)record.Fields["statement"]!, StringComparison.Ordinal);
        Recent(records);
    }

    [SkippableFact]
    public async Task MariaDB_writes_errors_and_slow_queries()
    {
        var slow = Path.Combine(Path.GetTempPath(), $"opsrunbook-slow-{Guid.NewGuid():N}.log");
        await using var server = await Servers.NewMariaDbAsync("--slow-query-log=1", "--long-query-time=0.05", $"--slow-query-log-file={slow}");
        await server.ExecuteAsync("select sleep(0.2), 'a'; select sleep(0.2), 'b'");

        var (errors, errorRecords) = await ReadAsync(server.LogFile);
        var (queries, records) = await ReadAsync(slow);
        File.Delete(slow);

        Assert.Equal("MySQL/MariaDB error log", errors);
        Assert.Contains(errorRecords, record => record.Level == LogLevel.Notice && record.Message.Contains("ready for connections", StringComparison.Ordinal));
        Assert.Equal("MySQL/MariaDB slow query log", queries);
        var sleeps = records.Where(record => record.Message.Contains("sleep(0.2)", StringComparison.Ordinal)).ToList();
        Assert.Equal(2, sleeps.Count);
        Assert.All(sleeps, record => Assert.InRange((double)record.Fields["Query_time"]!, 0.19, 20));
        Assert.All(sleeps, record => Assert.Equal("root", record.Fields["user"]));
        Recent(records.Where(record => record.Time is not null));
        Recent(errorRecords.Where(record => record.Time is not null));
    }

    [SkippableFact]
    public async Task Redis_writes_its_role_and_level()
    {
        await using var server = await Servers.NewRedisAsync();
        await server.StopAsync();

        var (format, records) = await ReadAsync(server.LogFile);

        Assert.Equal("Redis", format);
        Assert.Contains(records, record => record.Message.Contains("Ready to accept connections", StringComparison.Ordinal) && record.Level == LogLevel.Notice && (string)record.Fields["role"]! == "M");
        Assert.Contains(records, record => record.Level == LogLevel.Warning);
        Recent(records.Where(record => record.Time is not null));
    }

    [SkippableFact]
    public async Task Nginx_writes_requests_and_errors()
    {
        await using var server = await Servers.NewNginxAsync();
        using var client = new HttpClient();
        client.DefaultRequestHeaders.TryAddWithoutValidation("User-Agent", "a \"quoted\" agent\\");
        using var missing = await client.GetAsync(new Uri(server.Url + "no/such%22,%20client:%20198.51.100.1?x=1"));
        await EventuallyAsync(() => File.Exists(server.AccessLogFile) && File.ReadAllText(server.AccessLogFile).Contains("no/such", StringComparison.Ordinal) ? server.AccessLogFile : null);

        var (access, requests) = await ReadAsync(server.AccessLogFile);
        var (error, errors) = await ReadAsync(server.ErrorLogFile);

        Assert.Equal(("web server access log", "web server error log"), (access, error));
        var request = Assert.Single(requests, record => ((string)record.Fields["path"]!).StartsWith("/no/such", StringComparison.Ordinal));
        Assert.Equal((LogLevel.Warning, 404L, "GET", "127.0.0.1", "HTTP/1.1"), (request.Level, request.Fields["status"], request.Fields["method"], request.Fields["client"], request.Fields["protocol"]));
        Assert.StartsWith("a \\x22quoted\\x22 agent", (string)request.Fields["agent"]!, StringComparison.Ordinal);
        var failure = Assert.Single(errors, record => record.Level == LogLevel.Error && record.Message.Contains("no/such", StringComparison.Ordinal));

        // The path claims another client, so none is believed.
        Assert.NotEqual("198.51.100.1", failure.Fields.GetValueOrDefault("client"));
        Recent(requests);
        Recent(errors);
    }

    [SkippableFact]
    public async Task Sshd_writes_to_a_file()
    {
        await using var server = await Servers.NewSshdAsync();
        await Tool.TryRunAsync("ssh", ["-F", server.ClientConfigFile, "-o", "IdentitiesOnly=yes", "-o", "IdentityFile=" + server.StrangerIdentityFile, "-l", "nobody-here", "server", "true"]);
        await EventuallyAsync(() => File.ReadAllText(server.LogFile).Contains("nobody-here", StringComparison.Ordinal) ? server.LogFile : null);

        var (format, records) = await ReadAsync(server.LogFile);

        Assert.Equal("plain text", format);
        var record = records.First(record => record.Message.Contains("nobody-here", StringComparison.Ordinal));
        Assert.Matches(@"^Invalid user nobody-here from 127\.0\.0\.1 port \d+$", record.Message);
        Assert.Null(record.Time);
        Assert.Equal(File.ReadAllLines(server.LogFile)[(int)record.SourceLine! - 1].TrimEnd(), record.Message);
    }

    [SkippableFact]
    public async Task Pm2_writes_with_and_without_times()
    {
        var pm2 = await Servers.Pm2Async();
        var name = $"log-{Guid.NewGuid():N}";
        var script = Path.Combine(pm2.Folder, name + ".js");
        await File.WriteAllTextAsync(script, "console.log('started 42'); console.error(new TypeError('no luck')); setInterval(() => {}, 1000);");
        await pm2.ExecuteAsync("start", script, "--name", name, "--time");
        var log = Path.Combine(pm2.Folder, "logs", name + "-out.log");
        var errorLog = Path.Combine(pm2.Folder, "logs", name + "-error.log");
        try
        {
            await EventuallyAsync(() => File.Exists(log) && File.Exists(errorLog) && new FileInfo(log).Length > 0 && File.ReadAllText(errorLog).Contains("at ", StringComparison.Ordinal) ? log : null);
        }
        finally
        {
            await pm2.ExecuteAsync("delete", name);
        }

        var (format, records) = await ReadAsync(log);
        var (_, errors) = await ReadAsync(errorLog);

        Assert.Equal("plain text with times", format);
        var record = Assert.Single(records);
        Assert.Equal(("started 42", name), (record.Message, record.Service));
        var error = Assert.Single(errors);
        Assert.StartsWith("TypeError: no luck\n", error.Message, StringComparison.Ordinal);
        Assert.Equal(LogLevel.Error, error.Level);
        Recent([record]);
    }

    // Whatever zone and year the server left out, the records are of now.
    private static void Recent(IEnumerable<LogRecord> records) =>
        Assert.All(records, record => Assert.InRange(Assert.NotNull(record.Time), DateTime.UtcNow.AddHours(-1), DateTime.UtcNow.AddMinutes(1)));

    private static async Task<(string Format, List<LogRecord> Records)> ReadAsync(string path)
    {
        using var file = LogFile.Open(path, error => throw error);
        return (file.Format.Name, await LogText.ReadAsync(path, new LogQuery()));
    }

    private static async Task<T> EventuallyAsync<T>(Func<T?> look)
        where T : class
    {
        for (var attempt = 0; ; attempt++)
        {
            if (look() is { } found)
            {
                return found;
            }

            Assert.True(attempt < 400, "It did not come about.");
            await Task.Delay(50);
        }
    }
}
