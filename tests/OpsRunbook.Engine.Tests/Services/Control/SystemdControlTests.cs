using OpsRunbook.Engine.Services;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Services;

/// <summary>A whole machine with systemd, over SSH.</summary>
public sealed class SystemdControlTests
{
    private static int _units;

    [SkippableFact]
    public async Task A_service_is_stopped_started_and_restarted()
    {
        var machine = await Machine.GetAsync();
        var unit = await machine.UnitAsync("ExecStart=/bin/sleep 1000");

        await using var restart = machine.Run(unit);
        var before = await restart.ReadAsync("api");
        Assert.Equal(ServiceOutcome.Done, (await restart.ActAsync(ServiceAction.Restart, "api"))!.Outcome);
        Assert.NotEqual(before.Pid, (await restart.ReadAsync("api")).Pid);

        await using var stop = machine.Run(unit);
        Assert.Equal((ServiceOutcome.Done, HealthStatus.Healthy), await OutcomeAsync(stop, ServiceAction.Stop));
        await using var start = machine.Run(unit);
        Assert.Equal((ServiceOutcome.Done, HealthStatus.Healthy), await OutcomeAsync(start, ServiceAction.Start));
        Assert.Equal("loaded", (await start.ReadAsync("api")).Detail["LoadState"]);
    }

    [SkippableTheory]
    [InlineData("Restart=no\nExecStart=/bin/sh -c 'echo boom >&2; sleep 1; exit 7'", 7)]
    [InlineData("Restart=always\nRestartSec=100ms\nStartLimitBurst=1000\nExecStart=/bin/sh -c 'echo boom >&2; exit 7'", 7)]
    [InlineData("Restart=no\nExecStart=/bin/sh -c 'echo boom >&2; kill -9 $$$$'", 137)]
    [InlineData("Restart=no\nExecStartPre=/bin/sh -c 'echo boom >&2; exit 1'\nExecStart=/bin/sleep 1000", null)]
    public async Task An_end_soon_after_the_start_is_told_with_its_evidence(string service, int? exitCode)
    {
        var machine = await Machine.GetAsync();
        var unit = await machine.UnitAsync(service, start: false);
        await using var run = machine.Run(unit);

        var result = await run.ActAsync(ServiceAction.Start, "api");

        Assert.Equal(ServiceOutcome.CrashLoop, result!.Outcome);
        Assert.Equal(["Service.CrashLoop"], run.ErrorIds);
        Assert.Contains("its log ends with: boom", run.Output.Errors[0].Message, StringComparison.Ordinal);
        Assert.Contains(result.Evidence!.Log, line => line.Contains("boom", StringComparison.Ordinal));
        if (exitCode is not null)
        {
            Assert.Equal(exitCode, result.Evidence.ExitCode);
        }
    }

    [SkippableFact]
    public async Task A_unit_that_failed_too_often_is_started_all_the_same()
    {
        var machine = await Machine.GetAsync();
        var unit = await machine.UnitAsync("Restart=no\nStartLimitBurst=1\nExecStart=/bin/sh -c 'test -e /tmp/well-%N && exec sleep 1000; exit 1'", start: false);
        await using var first = machine.Run(unit);
        Assert.Equal(ServiceOutcome.CrashLoop, (await first.ActAsync(ServiceAction.Start, "api"))!.Outcome);
        await machine.Host.ExecuteAsync($"touch /tmp/well-{unit}");

        await using var second = machine.Run(unit);
        Assert.Equal(ServiceOutcome.Done, (await second.ActAsync(ServiceAction.Start, "api"))!.Outcome);
    }

    [SkippableFact]
    public async Task A_start_that_takes_its_time_is_waited_for()
    {
        var machine = await Machine.GetAsync();
        var unit = await machine.UnitAsync("ExecStartPre=/bin/sleep 4\nExecStart=/bin/sleep 1000", start: false);
        await using var run = machine.Run(unit);

        Assert.Equal(ServiceOutcome.Done, (await run.ActAsync(ServiceAction.Start, "api"))!.Outcome);
    }

    [SkippableFact]
    public async Task A_unit_that_asks_for_a_password_is_told_apart()
    {
        var machine = await Machine.GetAsync();
        var unit = await machine.UnitAsync("ExecStartPre=/bin/sh -c 'systemd-ask-password --no-tty --timeout=60 \"Passphrase of the key\"'\nExecStart=/bin/sleep 1000", start: false);
        await using var run = machine.Run(unit, TimeSpan.FromSeconds(4));

        var result = await run.ActAsync(ServiceAction.Start, "api");

        Assert.Equal(ServiceOutcome.Failed, result!.Outcome);
        Assert.Contains("a password: Passphrase of the key", result.Message, StringComparison.Ordinal);
        await machine.Host.ExecuteAsync($"systemctl stop {unit}");
    }

    [SkippableFact]
    public async Task A_masked_unit_and_an_unknown_one_are_refused_by_name()
    {
        var machine = await Machine.GetAsync();
        var unit = await machine.UnitAsync("ExecStart=/bin/sleep 1000", start: false);
        await machine.Host.ExecuteAsync($"rm /etc/systemd/system/{unit}.service; systemctl mask --quiet {unit}");
        await using var masked = machine.Run(unit);
        await masked.ActAsync(ServiceAction.Start, "api");
        Assert.Equal(["Service.Masked"], masked.ErrorIds);
        Assert.Contains($"systemctl unmask {unit}", masked.Output.Errors[0].NextStep, StringComparison.Ordinal);

        foreach (var name in new[] { "no-such-unit", "a; touch /tmp/injected", "--version", "$(touch /tmp/injected)", "a\ntouch /tmp/injected", "-H evil" })
        {
            await using var run = machine.Run(name);
            await run.ActAsync(ServiceAction.Restart, "api");
            Assert.Equal(["Service.NotFound"], run.ErrorIds);
            Assert.Empty(run.Results);
        }

        Assert.Equal("no", (await machine.Host.ExecuteAsync("test -e /tmp/injected && echo yes || echo no")).Trim());
    }

    [SkippableFact]
    public async Task A_reload_keeps_the_process_and_needs_a_unit_that_can()
    {
        var machine = await Machine.GetAsync();
        var able = await machine.UnitAsync("ExecStart=/bin/sh -c 'trap : HUP; while :; do sleep 1; done'\nExecReload=/bin/kill -HUP $MAINPID");
        await using var run = machine.Run(able);
        var before = await run.ReadAsync("api");
        Assert.Equal(ServiceOutcome.Done, (await run.ActAsync(ServiceAction.Reload, "api"))!.Outcome);
        Assert.Equal(before.Pid, (await run.ReadAsync("api")).Pid);

        await using var unable = machine.Run(await machine.UnitAsync("ExecStart=/bin/sleep 1000"));
        await unable.ActAsync(ServiceAction.Reload, "api");
        Assert.Equal(["Service.CannotReload"], unable.ErrorIds);
    }

    [SkippableFact]
    public async Task Nginx_with_a_wrong_configuration_is_neither_reloaded_nor_restarted()
    {
        var machine = await Machine.GetAsync();
        var stack = machine.Stack("nginx");
        stack.Services.Clear();
        stack.WebServers["web"] = new StackWebServer { Manager = ServiceManagerKind.Systemd, Unit = "nginx", Host = "app" };
        await machine.Host.ExecuteAsync("echo 'nonsense here;' > /etc/nginx/conf.d/broken.conf");
        try
        {
            await using var run = new ServiceRun(stack);
            var before = await run.ReadAsync("web");
            await run.ActAsync(ServiceAction.Restart, "web");
            await run.ActAsync(ServiceAction.Reload, "web");

            Assert.Equal(["WebServer.ConfigInvalid", "WebServer.ConfigInvalid"], run.ErrorIds);
            Assert.Contains("broken.conf:1", run.Output.Errors[0].Message, StringComparison.Ordinal);
            Assert.Equal(before.Pid, (await run.ReadAsync("web")).Pid);
        }
        finally
        {
            await machine.Host.ExecuteAsync("rm /etc/nginx/conf.d/broken.conf");
        }

        await using var well = new ServiceRun(stack);
        Assert.Equal(ServiceOutcome.Done, (await well.ActAsync(ServiceAction.Reload, "web"))!.Outcome);
    }

    [SkippableFact]
    public async Task Limits_are_set_and_undone()
    {
        var machine = await Machine.GetAsync();
        var unit = await machine.UnitAsync("ExecStart=/bin/sleep 1000");
        await using var run = machine.Run(unit);

        var set = await run.LimitAsync("api", 200L << 20, 1.5, temporary: true);
        Assert.Equal((200L << 20, 1.5, null, null, false), (set!.MemoryLimitBytes!.Value, set.CpuLimit!.Value, set.PreviousMemoryLimitBytes, set.PreviousCpuLimit, set.IsPersistent));
        Assert.Contains("MemoryMax=209715200", await machine.Host.ExecuteAsync($"systemctl show -p MemoryMax {unit}"), StringComparison.Ordinal);

        var undone = await run.LimitAsync("api", 0, 0, temporary: true);
        Assert.Equal((null, null, 200L << 20, 1.5), (undone!.MemoryLimitBytes, undone.CpuLimit, undone.PreviousMemoryLimitBytes!.Value, undone.PreviousCpuLimit!.Value));
        Assert.Empty(run.ErrorIds);
    }

    [SkippableFact]
    public async Task A_user_who_may_not_is_told_so()
    {
        var machine = await Machine.GetAsync();
        var unit = await machine.UnitAsync("ExecStart=/bin/sleep 1000");
        await machine.Host.ExecuteAsync("id guest 2>/dev/null || useradd -m guest; mkdir -p ~guest/.ssh; cp ~/.ssh/authorized_keys ~guest/.ssh/; chown -R guest: ~guest/.ssh");
        var stack = machine.Stack(unit);
        stack.Hosts["app"].Ssh = $"guest@{machine.Host.Host}:{machine.Host.Port}";
        await using var run = new ServiceRun(stack);

        var result = await run.ActAsync(ServiceAction.Stop, "api");

        Assert.Equal(HealthStatus.Healthy, (await run.ReadAsync("api")).Status);
        Assert.Equal(ServiceOutcome.Failed, result!.Outcome);
        Assert.Contains("may not control", result.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_connection_that_is_cut_in_the_middle_leaves_an_unknown_outcome_that_says_what_was_done()
    {
        await using var host = await Servers.NewSystemdHostAsync();
        var machine = new Machine(host);
        var unit = await machine.UnitAsync("ExecStartPre=/bin/sleep 6\nExecStart=/bin/sleep 1000", start: false);
        await using var run = machine.Run(unit);

        var acting = run.ActAsync(ServiceAction.Start, "api");
        await WaitAsync(() => run.Output.ProgressLines.Count > 0);
        await host.ExecuteAsync("systemctl stop ssh; pkill -KILL sshd").ContinueWith(_ => { }, TaskScheduler.Default);
        var result = await acting;

        Assert.Equal((ServiceOutcome.Unknown, HealthStatus.Unknown), (result!.Outcome, result.Status));
        Assert.Contains($"systemctl start {unit}' was accepted", result.Message, StringComparison.Ordinal);
        Assert.Equal(["Service.OutcomeUnknown"], run.ErrorIds);
        Assert.Equal(JournalOutcome.Unknown, run.Journal.Records[1].Outcome);
    }

    private static async Task<(ServiceOutcome, HealthStatus)> OutcomeAsync(ServiceRun run, ServiceAction action)
    {
        var result = await run.ActAsync(action, "api");
        return (result!.Outcome, result.Status);
    }

    private static async Task WaitAsync(Func<bool> condition)
    {
        for (var i = 0; i < 600 && !condition(); i++)
        {
            await Task.Delay(50);
        }
    }

    private sealed class Machine(SystemdHost host)
    {
        public SystemdHost Host => host;

        public static async Task<Machine> GetAsync() => new(await Servers.SystemdHostAsync());

        public async Task<string> UnitAsync(string service, bool start = true)
        {
            var unit = $"control-{Environment.ProcessId}-{Interlocked.Increment(ref _units)}";
            await host.ExecuteAsync($"cat > /etc/systemd/system/{unit}.service; systemctl daemon-reload{(start ? $"; systemctl start {unit}" : string.Empty)}", $"[Service]\n{service}\n");
            return unit;
        }

        public ServiceRun Run(string unit, TimeSpan? timeout = null) => new(Stack(unit)) { Timeout = timeout ?? TimeSpan.FromMinutes(1) };

        public OpsStack Stack(string unit) => new()
        {
            Name = "shop",
            Thresholds = { Latency = ServiceRun.NoLatency },
            Hosts = { ["app"] = new StackHost { Ssh = host.Destination, Identity = host.IdentityFile, Options = host.Options.ToDictionary(pair => pair.Key, pair => pair.Value) } },
            Services = { ["api"] = new StackService { Manager = ServiceManagerKind.Systemd, Unit = unit, Host = "app" } },
        };
    }
}
