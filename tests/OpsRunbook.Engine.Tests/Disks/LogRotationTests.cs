using OpsRunbook.Engine.Disks.Rotation;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Engine.Tests.Safety;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Disks;

/// <summary>Rules of the real logrotate, in a configuration of our own.</summary>
public sealed class LogRotationTests : IDisposable
{
    private readonly string _folder = TestRun.NewFolder("rotation");
    private readonly MemoryJournal _journal = new();
    private readonly OpsStack _stack = new() { Name = "vend hub" };
    private string? _host;

    public LogRotationTests()
    {
        Directory.CreateDirectory(_folder + "/rules");
        Directory.CreateDirectory(_folder + "/logs");
        File.WriteAllText(Main, $"weekly\nrotate 4\ninclude {_folder}/rules\n");
    }

    private string Main => _folder + "/main.conf";

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_log_is_covered_or_not_or_by_a_rule_that_is_refused_or_is_not_what_the_stack_wants(bool away)
    {
        RequireLogrotate();
        await UseAsync(away);
        foreach (var name in (string[])["good", "none", "bad", "other"])
        {
            await File.WriteAllTextAsync($"{_folder}/logs/{name}.log", "x\n");
        }

        await File.WriteAllTextAsync(_folder + "/logs/good.log.1", "older\n");
        await RuleAsync("good", "good.log", "daily\nrotate 14\nmissingok");
        await RuleAsync("bad", "bad.log", "dayly\nrotate many");
        await RuleAsync("other", "other.log", "weekly\nrotate 4");
        await RuleAsync("later", "later.log", "daily\nmissingok");
        var wish = new StackLogRotation { Every = "daily", Count = 14 };
        _stack.Logs["app"] = new StackLog { Files = [_folder + "/logs/good.log", _folder + "/logs/none.log"], Rotation = wish, Host = _host };
        _stack.Logs["bad"] = new StackLog { Files = [_folder + "/logs/bad.log"], Host = _host };
        _stack.Logs["other"] = new StackLog { Files = [_folder + "/logs/other.log"], Rotation = wish, Host = _host };
        _stack.Services["api"] = new StackService { Host = _host, Logs = [_folder + "/logs/later.log", "{app=\"api\"}"] };

        var logs = await TestAsync();

        Assert.Equal(
            [("good.log", HealthStatus.Healthy, "daily, 14 kept"), ("none.log", HealthStatus.Warning, ""), ("bad.log", HealthStatus.Critical, ""), ("other.log", HealthStatus.Warning, "weekly, 4 kept"), ("later.log", HealthStatus.Healthy, "daily, 4 kept")],
            logs.Select(log => (Path.GetFileName(log.Log), log.Status, log.Schedule)));
        Assert.Equal("no rule covers it", logs[1].Message);
        Assert.Contains("refuses", logs[2].Message, StringComparison.Ordinal);
        Assert.Contains("wants it daily", logs[3].Message, StringComparison.Ordinal);
        Assert.Equal((2L, null), (logs[0].SizeBytes, logs[4].SizeBytes));
        Assert.Equal(["app", "app", "bad", "other", "api"], logs.Select(log => log.Name));
        Assert.All(logs, log => Assert.Equal(_host ?? LocalHost.LocalName, log.Host));
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_rule_is_proved_written_and_works(bool away)
    {
        RequireLogrotate();
        await UseAsync(away);
        await File.WriteAllTextAsync(_folder + "/logs/app.log", "one\n");
        Log(after: ["touch", _folder + "/logs/reloaded it's"]);

        var output = await SetAsync();
        var again = await SetAsync();

        Assert.Empty(output.Errors);
        var change = Assert.IsType<LogRotationChange>(Assert.Single(output.Items));
        Assert.True(change.Changed);
        Assert.Equal((_folder + "/rules/vendhub", _host ?? LocalHost.LocalName), (change.Path, change.Host));
        Assert.Contains("1.log.2.gz", change.Proof);
        Assert.False(File.Exists(_folder + "/logs/reloaded it's"), "The proof has told the service to reload.");
        Assert.Equal(["app.log"], Directory.GetFiles(_folder + "/logs").Select(Path.GetFileName));
        Assert.False(Assert.IsType<LogRotationChange>(Assert.Single(again.Items)).Changed);
        Assert.Equal(HealthStatus.Healthy, Assert.Single(await TestAsync()).Status);

        await Tool.RunAsync("logrotate", ["-f", "-s", _folder + "/state", Main]);
        Assert.Equal(["app.log.1", "reloaded it's"], Directory.GetFiles(_folder + "/logs").Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal("one\n", await File.ReadAllTextAsync(_folder + "/logs/app.log.1"));
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_rule_that_logrotate_refuses_is_taken_back_and_the_old_one_is_there_again(bool away)
    {
        RequireLogrotate();
        await UseAsync(away);
        await File.WriteAllTextAsync(_folder + "/logs/app.log", "one\n");
        await RuleAsync("a-first", "app.log", "daily");
        await File.WriteAllTextAsync(_folder + "/rules/vendhub", "# old\n");
        Log();

        var error = await Assert.ThrowsAsync<OpsException>(() => SetAsync());

        Assert.Equal("LogRotation.Refused", error.Id);
        Assert.Contains("duplicate log entry", error.Message, StringComparison.Ordinal);
        Assert.Equal(["a-first", "vendhub"], Directory.GetFiles(_folder + "/rules").Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal("# old\n", await File.ReadAllTextAsync(_folder + "/rules/vendhub"));
        Assert.Equal(JournalOutcome.Failed, _journal.Records[^1].Outcome);
    }

    [SkippableFact]
    public async Task The_old_rule_is_kept_where_logrotate_does_not_read_it()
    {
        RequireLogrotate();
        await File.WriteAllTextAsync(_folder + "/logs/app.log", "one\n");
        await RuleAsync("vendhub", "app.log", "weekly");
        Log();

        var change = Assert.IsType<LogRotationChange>(Assert.Single((await SetAsync()).Items));

        Assert.Contains("weekly", await File.ReadAllTextAsync(change.Kept!), StringComparison.Ordinal);
        Assert.Equal("daily, 14 kept", Assert.Single(await TestAsync()).Schedule);
    }

    [SkippableFact]
    public async Task A_rule_that_does_not_work_on_a_copy_is_never_written()
    {
        RequireLogrotate();
        await File.WriteAllTextAsync(_folder + "/logs/app.log", "one\n");
        Log(create: "0644 no-such-user");

        var error = await Assert.ThrowsAsync<OpsException>(() => SetAsync());

        Assert.Equal("LogRotation.NotProved", error.Id);
        Assert.Contains("no-such-user", error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder + "/rules"));
        Assert.Empty(_journal.Records);
    }

    [SkippableFact]
    public async Task The_plan_shows_the_rule_and_writes_nothing()
    {
        RequireLogrotate();
        Log(after: ["pm2", "reloadLogs"]);

        var step = Assert.IsType<OpsPlanStep>(Assert.Single((await SetAsync(isWhatIf: true)).Items));

        Assert.Equal(
            $"# vend hub: app\n{_folder}/logs/*.log {{\n    daily\n    rotate 14\n    compress\n    delaycompress\n    missingok\n    notifempty\n    sharedscripts\n    postrotate\n        pm2 reloadLogs\n    endscript\n}}\n",
            step.Detail);
        Assert.Empty(Directory.GetFiles(_folder + "/rules"));
    }

    [SkippableFact]
    public async Task A_name_that_picks_nothing_is_said_and_others_are_not()
    {
        RequireLogrotate();
        Log();
        var output = new RecordedOutput();
        await using var session = new StackSession(_stack);
        var tester = new LogRotationTester(session, new NameFilter(["ap*", "apq"]), Main, output);

        await tester.RunAsync(session.Host(null), CancellationToken.None);
        tester.ReportUnused();

        Assert.Single(output.Items);
        Assert.Equal(("LogRotation.LogUnknown", "apq"), (Assert.Single(output.Errors).Id, output.Errors[0].Target));
    }

    [SkippableFact]
    public async Task A_container_has_the_limits_of_the_day_on_which_it_was_made()
    {
        var docker = await Servers.DockerAsync();
        var (none, limited, journal, local) = (docker.NewName("none"), docker.NewName("limited"), docker.NewName("quiet"), docker.NewName("local"));
        await docker.CreateContainerAsync("--name", none, DockerEngine.BusyboxImage);
        await docker.CreateContainerAsync("--name", limited, "--log-opt", "max-size=10m", "--log-opt", "max-file=3", DockerEngine.BusyboxImage);
        await docker.CreateContainerAsync("--name", journal, "--log-driver", "none", DockerEngine.BusyboxImage);
        await docker.CreateContainerAsync("--name", local, "--log-driver", "local", DockerEngine.BusyboxImage);
        var file = _folder + "/daemon.json";
        await File.WriteAllTextAsync(file, """{ "log-driver": "json-file", "log-opts": { "max-size": "20m", "max-file": "5" } }""");
        File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddDays(-1));
        _stack.Hosts[LocalHost.LocalName] = new StackHost { Docker = docker.Address };
        _stack.Logs["containers"] = new StackLog { Rotation = new StackLogRotation { By = "docker", Config = file } };
        foreach (var name in (string[])[none, limited, journal, local])
        {
            _stack.Services[name] = new StackService { Manager = ServiceManagerKind.Docker, Host = LocalHost.LocalName };
        }

        var chosen = await TestAsync();
        File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddMinutes(1));
        var older = await TestAsync();
        File.Delete(file);
        var without = await TestAsync();

        Assert.Equal([HealthStatus.Warning, HealthStatus.Healthy, HealthStatus.Healthy, HealthStatus.Healthy], Status(chosen));
        Assert.Contains("made before those of", chosen[0].Message, StringComparison.Ordinal);
        Assert.Equal([HealthStatus.Warning, HealthStatus.Warning, HealthStatus.Healthy, HealthStatus.Healthy], Status(older));
        Assert.Contains("older than those of", older[1].Message, StringComparison.Ordinal);
        Assert.Equal([HealthStatus.Warning, HealthStatus.Healthy, HealthStatus.Healthy, HealthStatus.Healthy], Status(without));
        Assert.Equal(["", "10m × 3", "", "20m × 5"], without.Select(log => log.Schedule));

        static IEnumerable<HealthStatus> Status(IEnumerable<LogRotation> logs) => logs.Select(log => log.Status);
    }

    [Theory]
    [InlineData("app.log.1", "app.log")]
    [InlineData("app.log.2.gz", "app.log")]
    [InlineData("app.log-20260123.xz", "app.log")]
    [InlineData("app__2026-01-23_00-00-00.log", "app.log")]
    [InlineData("syslog.old", "syslog")]
    [InlineData("app.log.gz", "app.log")]
    [InlineData("app.log", null)]
    [InlineData("app-1.log", null)]
    [InlineData(".1", null)]
    public void A_rotated_log_is_known_by_its_name(string name, string? log) => Assert.Equal(log, OpsRunbook.Engine.Logs.Files.RotatedLogs.LogOf(name));

    /// <summary>The logs are on another host, which is this machine by way of a real sshd.</summary>
    private async Task UseAsync(bool away)
    {
        if (away)
        {
            var server = await Servers.SshdAsync();
            _stack.Hosts[_host = "away"] = new StackHost { Ssh = server.Destination, Identity = server.IdentityFile, Options = new Dictionary<string, string>(server.Options) };
        }
    }

    private static void RequireLogrotate() => _ = Tool.Require("logrotate", "logrotate", "logrotate");

    private Task RuleAsync(string name, string log, string body) => File.WriteAllTextAsync($"{_folder}/rules/{name}", $"{_folder}/logs/{log} {{\n{body}\n}}\n");

    private void Log(List<string>? after = null, string? create = null) => _stack.Logs["app"] = new StackLog
    {
        Files = [_folder + "/logs/*.log"],
        Host = _host,
        Rotation = new StackLogRotation { Config = _folder + "/rules/vendhub", Every = "daily", Count = 14, Compress = true, DelayCompress = true, MissingOk = true, NotIfEmpty = true, After = after, Create = create },
    };

    private async Task<List<LogRotation>> TestAsync()
    {
        var output = new RecordedOutput();
        await using var session = new StackSession(_stack);
        await new LogRotationTester(session, new NameFilter([]), Main, output).RunAsync(session.Host(_host), CancellationToken.None);
        Assert.Empty(output.Errors);
        return output.Items.Cast<LogRotation>().ToList();
    }

    private async Task<RecordedOutput> SetAsync(bool isWhatIf = false)
    {
        var output = new RecordedOutput { IsWhatIf = isWhatIf };
        await using var session = new StackSession(_stack);
        var setter = new LogRotationSetter(_stack, Main, new ChangeRunner(output, _journal, new ChangeOrigin("Set-LogRotation", "vend hub")), output);
        await setter.RunAsync("app", _stack.Logs["app"], session.Host(_host), CancellationToken.None);
        return output;
    }
}
