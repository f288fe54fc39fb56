using System.Text.Json;
using OpsRunbook.Engine.Environments;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.Services;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Engine.Tests.Safety;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Environments;

public sealed class ServiceEnvironmentSetterTests
{
    private const string Secret = "hunter2 '\"; `reboot` $(touch /tmp/injected) \\ é";

    // A service with a health check is believed sooner than one of which only the process is known.
    private static List<StackHealthCheck> Passes => [new StackHealthCheck { Command = ["true"] }];

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_unit_of_systemd_takes_a_value_up_and_gives_it_back(bool inContainer)
    {
        var unit = inContainer ? "set-exec" : "set-ssh";
        await using var panel = await Panel.CreateAsync(unit, "/bin/sleep infinity", inContainer);
        var before = await panel.FileAsync();

        var change = await panel.SetAsync("LOG_LEVEL", "debug value");

        Assert.Equal((ServiceOutcome.Done, HealthStatus.Healthy, true, "debug value", "info"), (change.Outcome, change.Status, change.Arrived, change.Value, change.PreviousValue));
        Assert.Equal(before.Replace("LOG_LEVEL=info", "LOG_LEVEL=\"debug value\"", StringComparison.Ordinal), await panel.FileAsync());
        Assert.Equal("debug value", await panel.RunningAsync("LOG_LEVEL"));
        Assert.Equal(before, await panel.FileAsync(change.Backup));
        Assert.Equal("600 daemon daemon", await panel.ModeAsync(panel.File));
        Assert.Equal("600 daemon daemon", await panel.ModeAsync(change.Backup!));
        Assert.Equal((HealthStatus.Healthy, HealthStatus.Healthy), (change.Before!.Status, change.After!.Status));

        var secret = await panel.SetAsync("API_KEY", Secret, isSecret: true);
        Assert.Equal((ServiceOutcome.Done, true, null, null), (secret.Outcome, secret.IsSecret, secret.Value, secret.PreviousValue));
        Assert.Equal(Secret, await panel.RunningAsync("API_KEY"));
        Assert.NotEqual(secret.PreviousFingerprint, secret.Fingerprint);
        await panel.Host.RunAsync(new HostCommand("test", "-e", "/tmp/injected"), default).ContinueWith(task => Assert.False(task.Result.Succeeded), TaskScheduler.Default);
        Assert.Equal(ServiceOutcome.Unchanged, (await panel.SetAsync("API_KEY", Secret, isSecret: true)).Outcome);

        var removed = await panel.SetAsync("LOG_LEVEL", null);
        Assert.Equal((ServiceOutcome.Done, null, "debug value"), (removed.Outcome, removed.Value, removed.PreviousValue));
        Assert.Null(await panel.RunningAsync("LOG_LEVEL"));

        // The way back, last change first.
        await panel.UndoAsync(removed);
        Assert.Equal("debug value", await panel.RunningAsync("LOG_LEVEL"));

        // Of what was changed again since, nothing is undone.
        Assert.Equal("Guard.FileChanged", Assert.Single((await panel.UndoAsync(change)).Errors).Id);
        Assert.Equal("debug value", await panel.RunningAsync("LOG_LEVEL"));
        panel.AssertSecretFree(Secret, "first key");
    }

    [SkippableFact]
    public async Task A_service_that_is_not_well_with_the_value_gets_the_old_one_back()
    {
        await using var panel = await Panel.CreateAsync("set-bad", "/bin/sh -c '[ \"$LOG_LEVEL\" = info ] || { echo cannot do $LOG_LEVEL >&2; exit 3; }; exec sleep infinity'");
        var before = await panel.FileAsync();

        var change = await panel.SetAsync("LOG_LEVEL", "bad");

        var error = Assert.Single(panel.Output.Errors);
        Assert.Equal(("Environment.NotHealthy", ServiceOutcome.Reverted, HealthStatus.Critical), (error.Id, change.Outcome, change.Status));
        Assert.Contains("cannot do bad", error.Message, StringComparison.Ordinal);
        Assert.Equal((before, "info", null), (await panel.FileAsync(), await panel.RunningAsync("LOG_LEVEL"), change.Backup));
        Assert.Equal(1, await panel.CountFilesAsync());

        // What the service says of a secret that it does not like is not told.
        await panel.ExecuteAsync("sed -i 's/LOG_LEVEL\\b/API_KEY/g; s/= info/= \"first key\"/' /etc/systemd/system/set-bad.service; systemctl daemon-reload; systemctl restart set-bad");
        change = await panel.SetAsync("API_KEY", "hunter2 or so", isSecret: true);
        Assert.Equal(ServiceOutcome.Reverted, change.Outcome);
        Assert.Contains("cannot do ***", Assert.Single(panel.Output.Errors).Message, StringComparison.Ordinal);
        panel.AssertSecretFree("hunter2", "first key");
        Assert.Equal(JournalOutcome.Reverted, panel.Journal.Records.Last(record => record.Action.StartsWith("Set LOG_LEVEL", StringComparison.Ordinal)).Outcome);
    }

    [SkippableFact]
    public async Task A_value_that_does_not_arrive_is_taken_back()
    {
        await using var panel = await Panel.CreateAsync("set-lost", "/usr/bin/env LOG_LEVEL=fixed sleep infinity");
        var before = await panel.FileAsync();

        var change = await panel.SetAsync("LOG_LEVEL", "debug");

        Assert.Equal(("Environment.NotArrived", ServiceOutcome.Reverted, false), (Assert.Single(panel.Output.Errors).Id, change.Outcome, change.Arrived));
        Assert.Equal(before, await panel.FileAsync());
    }

    [SkippableFact]
    public async Task A_temporary_value_goes_by_itself_when_whoever_set_it_is_gone()
    {
        await using var panel = await Panel.CreateAsync("set-for", "/bin/sleep infinity");
        var before = await panel.FileAsync();

        var (after, asked) = (TimeSpan.FromSeconds(3), DateTime.UtcNow);
        var change = await panel.SetAsync("LOG_LEVEL", "debug", revertAfter: after);

        Assert.Contains(".timer on host 'panel'", change.RevertedBy, StringComparison.Ordinal);
        Assert.InRange(change.RevertsAt!.Value, asked + after, DateTime.UtcNow + after);
        var timers = await panel.ExecuteAsync("systemctl cat 'opsrunbook-revert-*' 2>/dev/null; ps axww -o args");
        Assert.DoesNotContain("first key", timers, StringComparison.Ordinal);

        // Whoever installs something has systemd read its units again.
        await panel.ExecuteAsync("systemctl daemon-reload");
        await Eventually(async () => await panel.RunningAsync("LOG_LEVEL") == "info");
        Assert.Equal(before, await panel.FileAsync());
        Assert.Equal("600 daemon daemon", await panel.ModeAsync(panel.File));

        // What somebody has written since is nothing to undo. The timer is long, and its work is started here when that has been written.
        change = await panel.SetAsync("LOG_LEVEL", "debug", revertAfter: TimeSpan.FromHours(1));
        var timer = change.RevertedBy!.Split(' ')[2].Replace(".timer", string.Empty, StringComparison.Ordinal);
        await panel.ExecuteAsync($"echo OTHER=1 >> '{panel.File}'; systemctl start --wait {timer}.service; systemctl stop {timer}.timer");
        Assert.Equal("debug", await panel.RunningAsync("LOG_LEVEL"));
        Assert.Contains("OTHER=1", await panel.FileAsync(), StringComparison.Ordinal);

        // One that is undone before its time needs no timer any more.
        var long_ = await panel.SetAsync("LOG_LEVEL", "trace", revertAfter: TimeSpan.FromHours(1));
        Assert.Contains("opsrunbook-revert", await panel.ExecuteAsync("systemctl list-timers --no-legend 'opsrunbook-revert-*'"), StringComparison.Ordinal);
        await panel.UndoAsync(long_);
        Assert.DoesNotContain("opsrunbook-revert", await panel.ExecuteAsync("systemctl list-timers --no-legend 'opsrunbook-revert-*'"), StringComparison.Ordinal);
        Assert.Equal("debug", await panel.RunningAsync("LOG_LEVEL"));
    }

    [SkippableFact]
    public async Task A_plan_changes_nothing_and_what_cannot_be_done_is_refused_before()
    {
        await using var panel = await Panel.CreateAsync("set-plan", "/bin/sleep infinity");
        var before = await panel.FileAsync();
        var pid = await panel.ExecuteAsync("systemctl show -P MainPID set-plan");

        await panel.SetAsync("API_KEY", Secret, isSecret: true, whatIf: true, revertAfter: TimeSpan.FromMinutes(30));
        var plan = panel.Output.Items.Cast<OpsPlanStep>().ToList();
        Assert.Equal(["Write", "Restart", "Wait", "Verify", "Revert"], plan.Select(step => step.Action));
        Assert.Contains("systemctl restart set-plan", plan[1].Detail, StringComparison.Ordinal);

        foreach (var (key, value, id) in new[] { ("-x", "1", "Environment.NameInvalid"), ("A;B", "1", "Environment.NameInvalid"), ("A\nB", "1", "Environment.NameInvalid"), ("API_KEY", "hunter2", "Guard.PlainSecret") })
        {
            await panel.SetAsync(key, value);
            Assert.Equal(id, Assert.Single(panel.Output.Errors).Id);
        }

        // Somebody else was quicker while the question stood.
        await panel.SetAsync("LOG_LEVEL", "debug", answer: _ => panel.ExecuteAsync($"echo >> '{panel.File}'").GetAwaiter().GetResult() is not null);
        Assert.Equal("Environment.FileChanged", Assert.Single(panel.Output.Errors).Id);
        await panel.ExecuteAsync($"truncate -s -1 '{panel.File}'");
        Assert.Equal(JournalOutcome.Failed, panel.Journal.Records[^1].Outcome);
        var records = panel.Journal.Records.Count;

        panel.Stack.Services["app"].EnvironmentFile = "/nonexistent/x.env";
        await panel.SetAsync("NEW", "1");
        Assert.Equal("Environment.FileMissing", Assert.Single(panel.Output.Errors).Id);
        Assert.Equal((before, pid), (await panel.FileAsync(), await panel.ExecuteAsync("systemctl show -P MainPID set-plan")));
        Assert.Equal(1, await panel.CountFilesAsync());
        Assert.Equal(records, panel.Journal.Records.Count);
        panel.AssertSecretFree(Secret);
    }

    [SkippableFact]
    public async Task What_is_interrupted_leaves_the_file_as_it_was()
    {
        await using var panel = await Panel.CreateAsync("set-stop", "/bin/sleep infinity");
        var before = await panel.FileAsync();
        using var stop = new CancellationTokenSource();
        panel.OnProgress = () => stop.Cancel();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => panel.SetAsync("LOG_LEVEL", "debug", cancellationToken: stop.Token));

        Assert.Equal(before, await panel.FileAsync());
        Assert.Contains("restart it once more", Assert.Single(panel.Output.Warnings), StringComparison.Ordinal);
        Assert.Equal(JournalOutcome.Unknown, panel.Journal.Records.Last(record => record.Action.StartsWith("Set LOG_LEVEL", StringComparison.Ordinal)).Outcome);
    }

    [SkippableFact]
    public async Task A_compose_service_is_made_anew_with_the_value()
    {
        var docker = await Servers.DockerAsync();
        await using var project = await docker.NewComposeProjectAsync($$"""
            version: "2.4"
            services:
              api:
                image: {{DockerEngine.BusyboxImage}}
                stop_signal: SIGKILL
                environment: { DB_PASSWORD: "${SECRET_OF_DB:-first}", MODE: "${MODE:-info}" }
              worker:
                image: {{DockerEngine.BusyboxImage}}
                stop_signal: SIGKILL
                scale: 2
                environment: { FIXED: "1" }
            """);
        var file = Path.Combine(project.Folder, ".env");
        await File.WriteAllTextAsync(file, "# of compose\nSECRET_OF_DB=first\nUNUSED=1\n");
        var stack = new OpsStack
        {
            Name = "test",
            Hosts = { [LocalHost.LocalName] = new StackHost { Docker = docker.Address } },
            Services =
            {
                ["api"] = new StackService { Manager = ServiceManagerKind.Compose, Host = LocalHost.LocalName, ComposeFile = project.File, Project = project.Name, Health = Passes },
                ["worker"] = new StackService { Manager = ServiceManagerKind.Compose, Host = LocalHost.LocalName, ComposeFile = project.File, Project = project.Name, Health = Passes, EnvironmentFile = "it's.env" },
            },
        };
        var runner = new Runner(stack);

        // A file of its own, of which both instances get everything.
        await File.WriteAllTextAsync(Path.Combine(project.Folder, "it's.env"), "export LEVEL=info # why\nGONE=1\n");
        await File.AppendAllTextAsync(project.File, "\n    env_file: \"it's.env\"\n");
        var worker = await runner.SetAsync("worker", "LEVEL", "debug mode");
        Assert.Equal((ServiceOutcome.Done, true), (worker.Outcome, worker.Arrived));
        Assert.Equal("export LEVEL='debug mode' # why\nGONE=1\n", await File.ReadAllTextAsync(Path.Combine(project.Folder, "it's.env")));
        worker = await runner.SetAsync("worker", "GONE", null);
        Assert.Equal((ServiceOutcome.Done, true), (worker.Outcome, worker.Arrived));
        var variables = await runner.ReadAsync("worker");
        Assert.Equal(("debug mode", EnvironmentState.Same), (variables["LEVEL"].Value, variables["LEVEL"].State));
        Assert.DoesNotContain("GONE", variables.Keys);
        var first = await IdAsync();

        // Under another name in the container, and with what a shell or compose would take for its own.
        var change = await runner.SetAsync("api", "SECRET_OF_DB", "p'w $5; x", isSecret: true);
        Assert.Equal("Environment.ValueInvalid", Assert.Single(runner.Output.Errors).Id);
        change = await runner.SetAsync("api", "SECRET_OF_DB", "p w $5; \"x\"", isSecret: true);
        Assert.Equal((ServiceOutcome.Done, true), (change.Outcome, change.Arrived));
        Assert.Equal("p w $5; \"x\"", await ContainerAsync("DB_PASSWORD"));
        Assert.NotEqual(first, await IdAsync());
        runner.AssertSecretFree("p w $5; \\u0022x\\u0022", "p w $5");

        // Nothing in the compose file asks for it: no container is made for that.
        var second = await IdAsync();
        change = await runner.SetAsync("api", "UNUSED", "2");
        Assert.Equal((ServiceOutcome.Reverted, "Environment.NotArrived"), (change.Outcome, Assert.Single(runner.Output.Errors).Id));
        Assert.Equal(second, await IdAsync());
        Assert.Contains("UNUSED=1", await File.ReadAllTextAsync(file), StringComparison.Ordinal);

        // Temporary, without systemd: a process waits.
        change = await runner.SetAsync("api", "MODE", "debug", revertAfter: TimeSpan.FromSeconds(2));
        Assert.Equal((ServiceOutcome.Done, "a process on host 'local'"), (change.Outcome, change.RevertedBy));
        Assert.Equal("debug", await ContainerAsync("MODE"));
        await Eventually(async () => await ContainerAsync("MODE") == "info");
        Assert.DoesNotContain("MODE", await File.ReadAllTextAsync(file), StringComparison.Ordinal);

        async Task<string> IdAsync() => (await docker.ExecuteAsync("ps", "-q", "--filter", $"label=com.docker.compose.project={project.Name}", "--filter", "label=com.docker.compose.service=api")).Trim();

        async Task<string?> ContainerAsync(string key)
        {
            try
            {
                var environment = await docker.ExecuteAsync("exec", await IdAsync(), "busybox", "cat", "/proc/1/environ");
                return environment.Split('\0').FirstOrDefault(entry => entry.StartsWith(key + "=", StringComparison.Ordinal))?[(key.Length + 1)..];
            }
            catch (InvalidOperationException)
            {
                // Just being replaced.
                return null;
            }
        }
    }

    [SkippableFact]
    public async Task An_application_of_pm2_gets_the_value_and_nothing_else()
    {
        var pm2 = await Servers.Pm2Async();
        var folder = TestRun.NewFolder("environment");
        var file = Path.Combine(folder, ".env");
        await File.WriteAllTextAsync(file, "LOG_LEVEL=info\n");
        var name = "set; $(id) it's";
        await File.WriteAllTextAsync(Path.Combine(folder, "app.config.json"), JsonSerializer.Serialize(new
        {
            apps = new[]
            {
                new
                {
                    name, script = "/bin/sh", args = new[] { "-c", "[ \"$LOG_LEVEL\" != bad ] || exit 3; exec sleep 1000" }, interpreter = "none", cwd = folder, max_restarts = 2,
                    env = new Dictionary<string, string> { ["LOG_LEVEL"] = "info", ["PATH"] = $"/own/bin:{pm2.ClientEnvironment["PATH"]}", ["MULTI"] = "two\nlines" },
                },
            },
        }));
        await pm2.ExecuteAsync("start", Path.Combine(folder, "app.config.json"));
        var stack = new OpsStack { Name = "test-pm2", Services = { ["app"] = new StackService { Manager = ServiceManagerKind.Pm2, Unit = name, Pm2Home = pm2.Folder, Health = Passes } } };
        var runner = new Runner(stack);
        try
        {
            Environment.SetEnvironmentVariable("LEAKED_BY_THE_CALLER", "1");
            var before = await runner.ReadAsync("app");
            var change = await runner.SetAsync("app", "LOG_LEVEL", "a 'b' \"c\"; $(id)");
            Assert.Equal((ServiceOutcome.Done, true), (change.Outcome, change.Arrived));
            var after = await runner.ReadAsync("app");
            Assert.Equal("a 'b' \"c\"; $(id)", after["LOG_LEVEL"].Value);
            Assert.Equal((before["PATH"].Value, "two\nlines"), (after["PATH"].Value, after["MULTI"].Value));
            Assert.DoesNotContain("LEAKED_BY_THE_CALLER", after.Keys);

            // Not well with it: the old value is back, in the file and in the process.
            change = await runner.SetAsync("app", "LOG_LEVEL", "bad");
            Assert.Equal((ServiceOutcome.Reverted, "Environment.NotHealthy"), (change.Outcome, Assert.Single(runner.Output.Errors).Id));
            Assert.Equal("a 'b' \"c\"; $(id)", (await runner.ReadAsync("app"))["LOG_LEVEL"].Value);

            await runner.SetAsync("app", "LOG_LEVEL", null);
            Assert.Equal("Environment.CannotSet", Assert.Single(runner.Output.Errors).Id);
            await runner.SetAsync("app", "LOG_LEVEL", "two\nlines");
            Assert.Equal("Environment.CannotSet", Assert.Single(runner.Output.Errors).Id);

            // No timer can hand pm2 the old value without showing it, so the next change does it and says so.
            change = await runner.SetAsync("app", "LOG_LEVEL", "trace", revertAfter: TimeSpan.FromSeconds(1));
            Assert.Contains("the next change", change.RevertedBy, StringComparison.Ordinal);
            await Task.Delay(1200);
            await runner.RevertDueAsync();
            Assert.Contains("is put back now", Assert.Single(runner.Output.Warnings, warning => warning.Contains("temporary", StringComparison.Ordinal)), StringComparison.Ordinal);
            Assert.Equal("a 'b' \"c\"; $(id)", (await runner.ReadAsync("app"))["LOG_LEVEL"].Value);
            await runner.RevertDueAsync();
            Assert.Empty(runner.Output.Items);
        }
        finally
        {
            Environment.SetEnvironmentVariable("LEAKED_BY_THE_CALLER", null);
            await pm2.ExecuteAsync("delete", name);
        }
    }

    [SkippableFact]
    public async Task Every_instance_of_a_cluster_of_pm2_gets_the_value()
    {
        var pm2 = await Servers.Pm2Async();
        var folder = TestRun.NewFolder("environment");
        await File.WriteAllTextAsync(Path.Combine(folder, ".env"), "# none yet\n");
        await File.WriteAllTextAsync(Path.Combine(folder, "app.js"), "setInterval(() => {}, 1000);\n");
        await pm2.ExecuteAsync("start", Path.Combine(folder, "app.js"), "--name", "set-cluster", "-i", "2", "--cwd", folder);
        var stack = new OpsStack
        {
            Name = "test-cluster",
            Services = { ["app"] = new StackService { Manager = ServiceManagerKind.Pm2, Unit = "set-cluster", Pm2Home = pm2.Folder, Health = Passes } },
        };
        var runner = new Runner(stack);
        try
        {
            var change = await runner.SetAsync("app", "RATE_LIMIT", "50");

            Assert.Equal((ServiceOutcome.Done, true), (change.Outcome, change.Arrived));
            Assert.Equal(EnvironmentState.Same, (await runner.ReadAsync("app"))["RATE_LIMIT"].State);
            Assert.Equal("# none yet\nRATE_LIMIT=50\n", await File.ReadAllTextAsync(Path.Combine(folder, ".env")));

            // pm2 keeps a variable for ever, so the way back ends with an empty one.
            await runner.UndoAsync(change);
            Assert.Empty(runner.Output.Errors);
            Assert.Equal("# none yet\n", await File.ReadAllTextAsync(Path.Combine(folder, ".env")));
            Assert.Equal(string.Empty, (await runner.ReadAsync("app"))["RATE_LIMIT"].Value);
        }
        finally
        {
            await pm2.ExecuteAsync("delete", "set-cluster");
        }
    }

    [SkippableFact]
    public async Task A_plain_process_is_started_anew_with_its_file()
    {
        var folder = TestRun.NewFolder("environment it's");
        var program = Path.Combine(folder, "set-sleep");
        File.Copy("/bin/sleep", program);
        await File.WriteAllTextAsync(Path.Combine(folder, "app.env"), "MODE=one\n");
        var stack = new OpsStack
        {
            Name = "test",
            Services =
            {
                ["app"] = new StackService
                {
                    Manager = ServiceManagerKind.Process, Unit = program, Directory = folder, EnvironmentFile = "app.env", Health = Passes,
                    Start = ["sh", "-c", "set -a; . ./app.env; exec \"$PWD/set-sleep\" 1000"],
                },
            },
        };
        var runner = new Runner(stack);
        await using var host = new LocalHost();
        var target = ServiceTargets.Of(stack)[0];
        await ServiceControls.Get(ServiceManagerKind.Process).ActAsync(ServiceAction.Start, host, target, new UnitState(HealthStatus.Critical, "down", Instances: 0), TimeSpan.FromSeconds(10), default);
        await Eventually(async () => (await ServiceReader.StateAsync(host, target, default)).Pid is not null);
        try
        {
            var change = await runner.SetAsync("app", "MODE", "two");

            Assert.Equal((ServiceOutcome.Done, true), (change.Outcome, change.Arrived));
            Assert.Equal("two", (await runner.ReadAsync("app"))["MODE"].Value);
        }
        finally
        {
            var state = await ServiceReader.StateAsync(host, target, default);
            await ServiceControls.Get(ServiceManagerKind.Process).ActAsync(ServiceAction.Stop, host, target, state, TimeSpan.FromSeconds(10), default);
        }

        // Nothing runs: the file is set all the same, and it is said that it counts later.
        var later = await runner.SetAsync("app", "MODE", "three");
        Assert.Equal((ServiceOutcome.Done, HealthStatus.Warning, null), (later.Outcome, later.Status, later.Arrived));
        Assert.Equal("MODE=three\n", await File.ReadAllTextAsync(Path.Combine(folder, "app.env")));
    }

    [SkippableFact]
    public async Task A_connection_that_is_cut_leaves_the_outcome_unknown_and_says_what_is_left()
    {
        await using var server = await Servers.NewSshdAsync();
        var folder = TestRun.NewFolder("environment");
        var program = Path.Combine(folder, "cut-sleep");
        File.Copy("/bin/sleep", program);
        await File.WriteAllTextAsync(Path.Combine(folder, "app.env"), "MODE=one\n");
        var stack = new OpsStack
        {
            Name = "test-cut",
            Hosts = { ["there"] = new StackHost { Ssh = server.Destination, Identity = server.IdentityFile, Options = new(server.Options) } },
            Services =
            {
                ["app"] = new StackService
                {
                    Manager = ServiceManagerKind.Process, Unit = program, Host = "there", Directory = folder, EnvironmentFile = "app.env", Health = Passes,
                    Start = ["sh", "-c", "set -a; . ./app.env; exec \"$PWD/cut-sleep\" 1000"],
                },
            },
        };
        using var first = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo(program, "1000") { Environment = { ["MODE"] = "one" } })!;
        var runner = new Runner(stack) { OnProgress = () => server.KillAsync().GetAwaiter().GetResult() };
        await using var here = new LocalHost();
        var target = ServiceTargets.Of(stack)[0] with { HostName = null };
        try
        {
            var change = await runner.SetAsync("app", "MODE", "two");

            Assert.Equal((ServiceOutcome.Unknown, HealthStatus.Unknown, null), (change.Outcome, change.Status, change.Arrived));
            var error = Assert.Single(runner.Output.Errors);
            Assert.Equal("Environment.OutcomeUnknown", error.Id);
            Assert.Contains(change.Backup!, error.Message, StringComparison.Ordinal);
            Assert.Equal(("MODE=one\n", "MODE=two\n"), (await File.ReadAllTextAsync(change.Backup!), await File.ReadAllTextAsync(Path.Combine(folder, "app.env"))));
            Assert.Equal(JournalOutcome.Unknown, runner.Journal.Records[^1].Outcome);
        }
        finally
        {
            var state = await ServiceReader.StateAsync(here, target, default);
            await ServiceControls.Get(ServiceManagerKind.Process).ActAsync(ServiceAction.Stop, here, target, state, TimeSpan.FromSeconds(10), default);
        }
    }

    [Fact]
    public async Task Old_files_are_kept_side_by_side_with_their_mode()
    {
        var file = Path.Combine(TestRun.NewFolder("it's; $(id)"), "-app.env");
        await File.WriteAllTextAsync(file, "A=1\n");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await using var host = new LocalHost();

        var kept = new List<(string Backup, string? Identity)>();
        for (var i = 2; i < 6; i++)
        {
            kept.Add(await EnvironmentFiles.ReplaceAsync(host, file, System.Text.Encoding.UTF8.GetBytes($"A={i}\n"), default));
        }

        Assert.Equal(["A=1\n", "A=2\n", "A=3\n", "A=4\n"], kept.Select(one => File.ReadAllText(one.Backup)));
        Assert.All(kept, one => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(one.Backup)));
        Assert.Equal(4, kept.Select(one => one.Identity).Distinct().Count());
        Assert.Equal("Host.FileFailed", (await Assert.ThrowsAsync<OpsException>(() => EnvironmentFiles.ReplaceAsync(host, "/proc/self/status", "A"u8.ToArray(), default))).Id);
    }

    private static async Task Eventually(Func<Task<bool>> condition)
    {
        for (var attempt = 0; !await condition(); attempt++)
        {
            Assert.True(attempt < 150, "It did not come about.");
            await Task.Delay(200);
        }
    }

    /// <summary>Runs commands on a stack, each with an output of its own.</summary>
    private sealed class Runner(OpsStack stack)
    {
        private string _said = string.Empty;

        public RecordedOutput Output { get; private set; } = new();

        public MemoryJournal Journal { get; } = new();

        public async Task<ServiceEnvironmentChange> SetAsync(
            string name,
            string key,
            string? value,
            bool isSecret = false,
            TimeSpan? revertAfter = null,
            bool whatIf = false,
            Func<string, bool>? answer = null,
            CancellationToken cancellationToken = default)
        {
            await RunAsync(setter => setter.SetAsync(ServiceTargets.Of(stack).Single(target => target.Name == name), key, value, isSecret, revertAfter, cancellationToken), whatIf, answer);
            return Output.Items.OfType<ServiceEnvironmentChange>().FirstOrDefault()!;
        }

        public Task UndoAsync(ServiceEnvironmentChange change) => RunAsync(setter => setter.UndoAsync(change, default));

        public Task RevertDueAsync() =>
            RunAsync((session, changes, output) => ServiceEnvironmentSetter.RevertDueAsync(session, changes, output, TimeSpan.FromSeconds(30), default));

        public async Task<Dictionary<string, ServiceEnvironmentVariable>> ReadAsync(string name)
        {
            var output = new RecordedOutput();
            await using var session = new StackSession(stack);
            await new ServiceEnvironments(session, output, Fingerprints.Open(output)).ReadAsync(ServiceTargets.Select(stack, [name], output), new NameFilter([]), default);
            return output.Items.Cast<ServiceEnvironmentVariable>().ToDictionary(variable => variable.Key);
        }

        public Action? OnProgress { get; set; }

        public void AssertSecretFree(params string[] secrets)
        {
            var text = _said + JsonSerializer.Serialize(Journal.Records);
            Assert.All(secrets, secret => Assert.DoesNotContain(secret, text, StringComparison.Ordinal));
            Assert.All(secrets, secret => Assert.DoesNotContain(JsonSerializer.Serialize(secret)[1..^1], text, StringComparison.Ordinal));
        }

        private Task RunAsync(Func<ServiceEnvironmentSetter, Task> work, bool whatIf = false, Func<string, bool>? answer = null) => RunAsync(
            (session, changes, output) => work(new ServiceEnvironmentSetter(session, changes, output, Fingerprints.Open(output), TimeSpan.FromSeconds(30))), whatIf, answer);

        private async Task RunAsync(Func<StackSession, ChangeRunner, RecordedOutput, Task> work, bool whatIf = false, Func<string, bool>? answer = null)
        {
            var output = Output = new RecordedOutput { IsWhatIf = whatIf, Progressed = OnProgress, Answer = answer ?? (_ => true) };
            await using var session = new StackSession(stack);
            var changes = new ChangeRunner(output, Journal, new ChangeOrigin("Set-ServiceEnvironment", stack.Name));
            try
            {
                await work(session, changes, output);
            }
            finally
            {
                _said += JsonSerializer.Serialize(output.Items) + string.Join('\n', output.Warnings) + string.Join('\n', output.VerboseLines) + string.Join('\n', output.ProgressLines)
                    + string.Join('\n', output.Errors.Select(error => error.FullMessage)) + string.Join('\n', output.Questions);
            }
        }
    }

    /// <summary>A unit on the machine with systemd that has its environment from a file of another owner.</summary>
    private sealed class Panel : IAsyncDisposable
    {
        private readonly SystemdHost _server;
        private readonly string _unit;
        private readonly Runner _runner;

        private Panel(SystemdHost server, string unit, OpsStack stack)
        {
            (_server, _unit, Stack, _runner) = (server, unit, stack, new Runner(stack));
            Host = HostFactory.Create("panel", stack);
        }

        public OpsStack Stack { get; }

        public IHost Host { get; }

        public string File => $"/opt/{_unit} x/app.env";

        public RecordedOutput Output => _runner.Output;

        public MemoryJournal Journal => _runner.Journal;

        public Action? OnProgress
        {
            set => _runner.OnProgress = value;
        }

        public static async Task<Panel> CreateAsync(string unit, string command, bool inContainer = false)
        {
            var server = await Servers.SystemdHostAsync();
            var docker = await Servers.DockerAsync();
            await server.ExecuteAsync($"""
                rm -rf "/opt/{unit} x"; mkdir -p "/opt/{unit} x" && printf '# of {unit}\n\nLOG_LEVEL=info\nAPI_KEY="first key"\n# end' > "/opt/{unit} x/app.env"
                chown daemon:daemon "/opt/{unit} x/app.env"; chmod 600 "/opt/{unit} x/app.env"
                cat > /etc/systemd/system/{unit}.service <<'X'
                [Service]
                EnvironmentFile=/opt/{unit} x/app.env
                ExecStart={command}
                X
                systemctl daemon-reload && systemctl restart {unit}
                """);
            return new Panel(server, unit, new OpsStack
            {
                Name = "test-" + unit,
                Hosts =
                {
                    ["panel"] = inContainer
                        ? new StackHost { Container = server.Container, Docker = docker.Address }
                        : new StackHost { Ssh = server.Destination, Identity = server.IdentityFile, Options = new(server.Options) },
                },
                Services = { ["app"] = new StackService { Manager = ServiceManagerKind.Systemd, Host = "panel", Unit = unit, Health = Passes } },
            });
        }

        public Task<ServiceEnvironmentChange> SetAsync(
            string key, string? value, bool isSecret = false, TimeSpan? revertAfter = null, bool whatIf = false, Func<string, bool>? answer = null, CancellationToken cancellationToken = default) =>
            _runner.SetAsync("app", key, value, isSecret, revertAfter, whatIf, answer, cancellationToken);

        public async Task<RecordedOutput> UndoAsync(ServiceEnvironmentChange change)
        {
            await _runner.UndoAsync(change);
            return _runner.Output;
        }

        public void AssertSecretFree(params string[] secrets) => _runner.AssertSecretFree(secrets);

        public Task<string> ExecuteAsync(string command) => _server.ExecuteAsync(command);

        public async Task<string> FileAsync(string? path = null) => System.Text.Encoding.UTF8.GetString((await Host.ReadFileAsync(path ?? File, 100_000, default))!);

        public async Task<string> ModeAsync(string path) => (await ExecuteAsync($"stat -c '%a %U %G' '{path}'")).Trim();

        public async Task<int> CountFilesAsync() => (await Host.FindFilesAsync($"/opt/{_unit} x/*", default)).Count;

        public async Task<string?> RunningAsync(string key)
        {
            var environment = await ExecuteAsync($"pid=$(systemctl show -P MainPID {_unit}); [ $pid = 0 ] || cat /proc/$pid/environ");
            return environment.Split('\0').FirstOrDefault(entry => entry.StartsWith(key + "=", StringComparison.Ordinal))?[(key.Length + 1)..];
        }

        public async ValueTask DisposeAsync()
        {
            await ExecuteAsync($"systemctl stop {_unit}; rm -rf /etc/systemd/system/{_unit}.service '/opt/{_unit} x'; systemctl reset-failed {_unit} 2>/dev/null; systemctl daemon-reload");
            await Host.DisposeAsync();
        }
    }
}
