using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using OpsRunbook.ConsoleRunner;

namespace OpsRunbook.Cmdlets.Tests.Logs;

public sealed class LogCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("opsrunbook-").FullName;
    private readonly StringWriter _error = new();

    public LogCommandTests()
    {
        var now = DateTime.UtcNow;
        File.WriteAllText(Path.Combine(_folder, "api.log"), string.Concat(Enumerable.Range(0, 60).Select(minute =>
            $"{now.AddMinutes(minute - 120):yyyy-MM-ddTHH:mm:ss}Z {(minute % 10 == 0 ? "ERROR" : "INFO")} request {minute} id=r{minute}\n{(minute == 50 ? "    at handler\n" : string.Empty)}"))
            + $"{now.AddMinutes(-1):yyyy-MM-ddTHH:mm:ss}Z ERROR \u001b[31mred\u001b[0m\n");
        File.WriteAllText(Path.Combine(_folder, "access.log"), string.Concat(Enumerable.Range(0, 20).Select(i =>
            $"203.0.113.7 - - [{now.AddMinutes(i - 20).ToString("dd/MMM/yyyy:HH:mm:ss", CultureInfo.InvariantCulture)} +0000] \"GET /a/{i} HTTP/1.1\" {(i == 3 ? 500 : 200)} 5 \"-\" \"x\" 0.010\n")));
        File.WriteAllText(StackFile, """
            stack: shop
            hosts: { far: { ssh: 'ops@127.0.0.1:1' } }
            services:
              api: { ports: [1], logs: [api.log] }
              silent: { ports: [2] }
              remote: { ports: [3], host: far, logs: [/var/log/x.log] }
            webServers:
              web: { engine: nginx, ports: [4], logs: ["acc*.log"] }
            """);
    }

    private string StackFile => Path.Combine(_folder, "shop.yaml");

    public void Dispose()
    {
        _error.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void A_member_of_the_stack_has_its_logs()
    {
        var records = Items("Get-ServiceLog", "api", "-Stack", StackFile, "-Level", "Error");

        Assert.Equal(7, records.Count);
        Assert.All(records, record => Assert.Equal("api", record.GetProperty("Service").GetString()));
        Assert.Equal("request 50 id=r50\n    at handler", records[5].GetProperty("Message").GetString());
    }

    [Fact]
    public void Time_and_text_choose_records()
    {
        Assert.Single(Items("Get-ServiceLog", "api", "-Stack", StackFile, "-Since", "30m"));
        Assert.Equal(30, Items("Get-ServiceLog", "api", "-Stack", StackFile, "-Until", "90m30s").Count);
        Assert.Equal("request 7 id=r7", Assert.Single(Items("Get-ServiceLog", "-Path", Path.Combine(_folder, "api.log"), "-CorrelationId", "r7")).GetProperty("Message").GetString());
        Assert.Equal(4, Items("Get-ServiceLog", "api", "-Stack", StackFile, "-Match", "request 7 ", "-Context", "2,1").Count);
        Assert.Equal(2, Items("Get-ServiceLog", "api", "-Stack", StackFile, "-Last", "2").Count);
    }

    [Fact]
    public void Names_come_from_the_pipeline_and_all_members_without_a_name()
    {
        var (_, piped) = Run(["Get-ServiceLog", "-", "-Stack", StackFile, "-Last", "3", "-OutputFormat", "NdJson"], """[{"Name":"api"},"web"]""");
        var all = Items("Get-ServiceLog", "-Stack", StackFile);

        Assert.Equal(3, piped.Trim().Split('\n').Length);
        Assert.Equal(81, all.Count);
        Assert.Equal(all.Select(record => record.GetProperty("Time").GetDateTime()).Order(), all.Select(record => record.GetProperty("Time").GetDateTime()));
        Assert.Contains("Host.", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Escape_sequences_do_not_reach_the_terminal()
    {
        var (_, table) = Run("Get-ServiceLog", "api", "-Stack", StackFile, "-Last", "1");
        var (_, patterns) = Run("Measure-ServiceLog", "api", "-Stack", StackFile, "-Match", "red");

        Assert.Contains("␛[31mred", table, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', table + patterns);
    }

    [Theory]
    [InlineData("Log.MemberNotFound", "Get-ServiceLog", "apj")]
    [InlineData("Log.NoSource", "Get-ServiceLog", "silent")]
    [InlineData("Log.TimeInvalid", "Get-ServiceLog", "api", "-Since", "yesterday-ish")]
    [InlineData("Log.TimeInvalid", "Get-ServiceLog", "api", "-Since", "90")]
    [InlineData("Log.ParameterInvalid", "Get-ServiceLog", "api", "-Since", "1h", "-Until", "2h")]
    [InlineData("Log.TimeZoneUnknown", "Get-ServiceLog", "api", "-TimeZone", "Middle/Earth")]
    [InlineData("Log.ParameterInvalid", "Get-ServiceLog", "api", "-Follow", "-Until", "2h")]
    [InlineData("Log.PatternInvalid", "Get-ServiceLog", "api", "-Match", "(")]
    [InlineData("Log.ParameterInvalid", "Measure-ServiceLog", "api", "-By", "Field")]
    [InlineData("Log.ParameterInvalid", "Measure-ServiceLog", "api", "-Baseline", "1h")]
    [InlineData("Log.PatternInvalid", "Measure-ServiceLog", "api", "-NotMatch", "(")]
    [InlineData("Log.NotAccessLog", "Measure-AccessLog", "api")]
    [InlineData("Log.ParameterInvalid", "Measure-AccessLog", "web", "-Bucket", "10ms")]
    [InlineData("Log.MemberNotFound", "Get-LoginFailure", "apj")]
    [InlineData("Loki.NotConfigured", "Invoke-LogQuery", "{app=\"api\"}")]
    [InlineData("Loki.NotAnswering", "Invoke-LogQuery", "{app=\"api\"}", "-Uri", "http://127.0.0.1:1")]
    [InlineData("Log.ParameterInvalid", "Invoke-LogQuery", "{app=\"api\"}", "-Follow", "-Until", "2h")]
    public void A_call_that_cannot_be_carried_out_is_an_error(string id, params string[] arguments)
    {
        var (code, _) = Run([.. arguments, "-Stack", StackFile]);

        Assert.NotEqual(0, code);
        Assert.Contains(id, _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Patterns_are_counted_and_compared_with_the_time_before()
    {
        var patterns = Items("Measure-ServiceLog", "api", "-Stack", StackFile, "-Since", "70m", "-Baseline", "50m", "-Top", "5");

        Assert.Equal("New", patterns.Single(row => row.GetProperty("Value").GetString()!.Contains("red", StringComparison.Ordinal)).GetProperty("Change").GetString());
        Assert.Contains(patterns, row => row.GetProperty("Value").GetString() == "request <num> id=r<num>");
    }

    [Fact]
    public void Failed_logins_are_counted_and_shown_safely()
    {
        var path = Path.Combine(_folder, "auth.log");
        File.WriteAllText(path, string.Concat(Enumerable.Range(1, 3).Select(i =>
            $"2026-01-01T10:00:0{i}Z web1 sshd[{i}]: Failed password for invalid user r\u001b[31m from 1.2.3.4 port 22 from 203.0.113.7 port {i} ssh2\n")));

        var failure = Assert.Single(Items("Get-LoginFailure", "-Path", path));
        var (_, table) = Run("Get-LoginFailure", "-Path", path, "-By", "Account");

        Assert.Equal(("203.0.113.7", 3), (failure.GetProperty("Address").GetString(), failure.GetProperty("Count").GetInt32()));
        Assert.DoesNotContain('\u001b', table);
        Assert.Empty(Items("Get-LoginFailure", "-Path", path, "-Minimum", "4"));
    }

    [Fact]
    public async Task Loki_is_asked_page_by_page()
    {
        await using var loki = new Fixtures.LokiDouble();
        for (var i = 0; i < 25; i++)
        {
            loki.Add((DateTime.UtcNow.AddMinutes(-5) - DateTime.UnixEpoch).Ticks * 100, $"line {i}", "app", "api");
            loki.Add((DateTime.UtcNow.AddMinutes(-4) - DateTime.UnixEpoch).Ticks * 100, $"later {i}", "app", "api");
        }

        var records = Items("Invoke-LogQuery", "{app=\"api\"}", "-Uri", loki.Url, "-PageSize", "30", "-Tenant", "team");

        Assert.Equal(50, records.Select(record => record.GetProperty("Message").GetString()).Distinct(StringComparer.Ordinal).Count());
        Assert.Equal("team", loki.LastHeaders["X-Scope-OrgID"]);
    }

    [Fact]
    public void An_access_log_is_summed_up_as_a_whole_and_in_parts()
    {
        var total = Assert.Single(Items("Measure-AccessLog", "web", "-Stack", StackFile));
        var route = Assert.Single(Items("Measure-AccessLog", "web", "-Stack", StackFile, "-By", "Route"));
        var client = Assert.Single(Items("Measure-AccessLog", "web", "-Stack", StackFile, "-By", "Client"));
        var times = Items("Measure-AccessLog", "web", "-Stack", StackFile, "-By", "Time", "-Bucket", "1m");

        Assert.Equal((20, 1), (total.GetProperty("Requests").GetInt32(), total.GetProperty("ServerErrors").GetInt32()));
        Assert.Equal(("/a/<num>", "203.0.113.7"), (route.GetProperty("Route").GetString(), client.GetProperty("Address").GetString()));
        Assert.Equal(20, times.Sum(time => time.GetProperty("Requests").GetInt32()));
    }

    [SkippableFact]
    public async Task A_log_that_may_not_be_read_is_an_error_and_the_others_go_on()
    {
        Skip.IfNot(Environment.UserName == "root" && File.Exists("/usr/bin/setpriv"), "Becoming another user needs root and setpriv.");
        File.SetUnixFileMode(_folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        File.SetUnixFileMode(Path.Combine(_folder, "api.log"), UnixFileMode.UserRead);
        File.SetUnixFileMode(Path.Combine(_folder, "access.log"), UnixFileMode.UserRead | UnixFileMode.OtherRead);
        foreach (var command in (string[])["Get-ServiceLog", "Measure-ServiceLog"])
        {
            using var other = Process.Start(new ProcessStartInfo("/usr/bin/setpriv")
            {
                ArgumentList =
                {
                    "--reuid=65534", "--regid=65534", "--clear-groups", Environment.ProcessPath is { } host && Path.GetFileName(host) == "dotnet" ? host : "dotnet", typeof(OpsRunbookConsole).Assembly.Location,
                    command, "-Path", Path.Combine(_folder, "*.log"), "-OutputFormat", "NdJson",
                },
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                UseShellExecute = false,
            })!;
            var errors = other.StandardError.ReadToEndAsync();
            var output = await other.StandardOutput.ReadToEndAsync().WaitAsync(TimeSpan.FromSeconds(60));

            Assert.Contains("/a/", output, StringComparison.Ordinal);
            Assert.DoesNotContain("request 7", output, StringComparison.Ordinal);
            Assert.Contains("Log.PermissionDenied", await errors, StringComparison.Ordinal);
            Assert.Contains("api.log", await errors, StringComparison.Ordinal);
            await other.WaitForExitAsync();
            Assert.NotEqual(0, other.ExitCode);
        }
    }

    private List<JsonElement> Items(params string[] arguments)
    {
        var (_, output) = Run([.. arguments, "-OutputFormat", "NdJson"]);
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).ToList();
    }

    private (int Code, string Output) Run(params string[] arguments) => Run(arguments, null);

    private (int Code, string Output) Run(string[] arguments, string? input)
    {
        using var output = new StringWriter { NewLine = "\n" };
        var code = OpsRunbookConsole.Run(arguments, new Terminal
        {
            Out = output,
            Error = _error,
            OpenInput = () => input is null ? TextReader.Null : new StringReader(input),
            InputMayHoldItems = input is not null,
        });
        return (code, output.ToString());
    }
}
