using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Hosts;

public class HostInspectorTests
{
    [Fact]
    public async Task This_machine_is_judged_with_every_reading()
    {
        var health = await HostInspector.InspectAsync(new LocalHost(), Generous(), default);

        Assert.Equal(Environment.ProcessorCount, health.Cores);
        Assert.InRange(health.CpuPercent!.Value, 0, 100);
        Assert.InRange(health.MemoryUsedPercent!.Value, 0.1, 99.9);
        Assert.True(health.Uptime > TimeSpan.Zero);
        Assert.Contains(health.Mounts, mount => mount.Path == "/" && mount.UsedPercent > 0);
        Assert.All(["cpu", "load", "memory", "oom", "disk"], name => Assert.Contains(health.Findings, finding => finding.Name == name));
        Assert.Equal(HealthStatuses.Worst(health.Findings.Select(finding => finding.Status)), health.Status);
    }

    [SkippableFact]
    public async Task A_full_disk_is_critical_and_named()
    {
        await using var disk = await Servers.NewSmallDiskAsync();
        var empty = await HostInspector.InspectAsync(new LocalHost(), Generous(), default);
        Assert.Equal(HealthStatus.Healthy, empty.Mounts.Single(mount => mount.Path == disk.Folder).Status);
        await disk.FillAsync(95);

        var full = await HostInspector.InspectAsync(new LocalHost(), Generous(), default);

        Assert.Equal(HealthStatus.Critical, full.Status);
        Assert.Contains(disk.Folder, full.Message, StringComparison.Ordinal);
        var finding = full.Findings.Single(finding => finding.Target == disk.Folder);
        Assert.Equal(("Host.DiskFull", HealthStatus.Critical), (finding.Reason, finding.Status));
        Assert.True(finding.Measurements[0].Value >= 90);
    }

    [Fact]
    public async Task Limits_are_the_stacks()
    {
        var thresholds = Generous();
        thresholds.Memory = new Threshold(null, 0.01);

        var health = await HostInspector.InspectAsync(new LocalHost(), thresholds, default);

        Assert.Equal(HealthStatus.Critical, health.Findings.Single(finding => finding.Name == "memory").Status);
        Assert.Equal("Host.HighMemory", health.Findings.Single(finding => finding.Name == "memory").Reason);
    }

    [Fact]
    public async Task A_host_that_cannot_be_reached_is_unknown_with_the_reason()
    {
        await using var host = new SshHost("dead", "127.0.0.1:1");

        var health = await HostInspector.InspectAsync(host, new StackThresholds(), default);

        Assert.Equal((HealthStatus.Unknown, "dead"), (health.Status, health.Host));
        Assert.Equal("Host.Unreachable", Assert.Single(health.Findings).Reason);
        Assert.Null(health.CpuPercent);
    }

    [SkippableFact]
    public async Task A_machine_over_ssh_reads_as_from_inside()
    {
        var server = await Servers.SshdAsync();
        await using var host = new SshHost("app", server.Destination, server.IdentityFile, server.Options);

        var health = await HostInspector.InspectAsync(host, Generous(), default);

        Assert.Equal(("app", (double)Environment.ProcessorCount), (health.Host, health.Cores));
        Assert.Contains(health.Mounts, mount => mount.Path == "/");
    }

    [Fact]
    public async Task A_busy_process_leads_the_list_by_cpu()
    {
        using var busy = Process.Start(new ProcessStartInfo("sh", ["-c", "while :; do :; done", "password=s3cret"]))!;
        try
        {
            var top = await ProcessInspector.GetTopAsync(new LocalHost(), ProcessOrder.Cpu, 500, TimeSpan.FromSeconds(1), default);

            var usage = top.Single(process => process.Pid == busy.Id);
            Assert.True(usage.CpuPercent > 5, $"{usage.CpuPercent}");
            Assert.DoesNotContain("s3cret", usage.Command, StringComparison.Ordinal);
            Assert.Equal(top.OrderByDescending(process => process.CpuPercent ?? 0).Select(process => process.CpuPercent ?? 0), top.Select(process => process.CpuPercent ?? 0));
        }
        finally
        {
            busy.Kill();
        }
    }

    [Fact]
    public async Task The_largest_process_leads_the_list_by_memory()
    {
        var top = await ProcessInspector.GetTopAsync(new LocalHost(), ProcessOrder.Memory, 3, TimeSpan.FromMilliseconds(50), default);

        Assert.Equal(3, top.Count);
        Assert.True(top[0].MemoryBytes >= top[1].MemoryBytes && top[1].MemoryBytes >= top[2].MemoryBytes);
    }

    [Fact]
    public async Task A_port_held_by_somebody_else_is_a_conflict()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        var own = (await new LocalHost().GetProcessesAsync(default)).Single(process => process.Pid == Environment.ProcessId);
        var stack = new OpsStack
        {
            Services =
            {
                ["api"] = new StackService { Manager = ServiceManagerKind.Systemd, Ports = [port] },
                ["elsewhere"] = new StackService { Manager = ServiceManagerKind.Systemd, Ports = [port], Host = "other" },
            },
        };

        var held = (await PortInspector.GetPortsAsync(new LocalHost(), stack, default)).Single(entry => entry.Port == port);
        Assert.Equal((true, Environment.ProcessId), (held.Conflict, held.Pid));
        Assert.Equal(["api"], held.WantedBy);

        stack.Services["api"].Manager = ServiceManagerKind.Process;
        stack.Services["api"].Unit = own.Name;
        Assert.False((await PortInspector.GetPortsAsync(new LocalHost(), stack, default)).Single(entry => entry.Port == port).Conflict);

        stack.Services["api"].Manager = null;
        Assert.Null((await PortInspector.GetPortsAsync(new LocalHost(), stack, default)).Single(entry => entry.Port == port).Conflict);
    }

    [Fact]
    public async Task A_port_on_which_nobody_listens_names_who_should()
    {
        var stack = new OpsStack { Databases = { ["db"] = new StackDatabase { Engine = DatabaseEngine.Postgres, Port = 1 } } };
        await using var host = new LocalHost();

        Assert.True(PortInspector.IsWanted(host, stack, 1));
        Assert.Contains("db", PortInspector.NothingListens(host, stack, 1).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Hosts_are_chosen_by_name_wildcard_and_address()
    {
        var stack = new OpsStack { Name = "s", Hosts = { ["app1"] = new StackHost { Ssh = "a" }, ["app2"] = new StackHost { Ssh = "b" }, ["db"] = new StackHost { Ssh = "c" } } };
        await using var session = new StackSession(stack);
        var output = new RecordedOutput();

        await using var chosen = HostSelection.Open(session, ["APP*", "app1", "ssh://x@y:2", "nope", "z*"], output);
        await using var all = HostSelection.Open(session, [], output);

        Assert.Equal(["app1", "app2", "x@y:2"], chosen.Hosts.Select(host => host.Name));
        Assert.Equal(["app1", "app2", "db"], all.Hosts.Select(host => host.Name));
        Assert.Equal(["Stack.HostUnknown", "Stack.HostUnknown"], output.Errors.Select(error => error.Id));
    }

    [Theory]
    [InlineData("[  100.5] Out of memory: Killed process 12 (node) total-vm:1kB\n[90000.1] Memory cgroup out of memory: Killed process 13 (a) b) x\nother\n", 50000, 1, "a")]
    [InlineData("Out of memory: Killed process 12 (node) total-vm:1kB\nKilled process 14 (node) x\n", 0, 2, "node")]
    [InlineData("", 0, 0, "")]
    public void The_kernels_log_is_counted(string log, double since, int count, string victims)
    {
        var read = OomLog.Parse(log, since);

        Assert.Equal((count, victims), (read.Count, string.Join(',', read.Victims)));
    }

    [Fact]
    public void Counters_of_both_control_group_versions_are_read()
    {
        var second = HostReading.Parse(
            "/proc/stat:cpu  100 0 100 700 100 0 0 0 50 0\n/proc/stat:cpu0 1\n/proc/stat:cpu1 1\n/proc/meminfo:MemTotal:  1000 kB\n/sys/fs/cgroup/memory.max:1048576\n"
            + "/sys/fs/cgroup/memory.current:524288\n/sys/fs/cgroup/memory.stat:anon 1\n/sys/fs/cgroup/memory.stat:inactive_file 24288\n/sys/fs/cgroup/cpu.max:50000 100000\n"
            + "/sys/fs/cgroup/cpu.stat:usage_usec 2000000\n/sys/fs/cgroup/memory.events:oom_kill 3\n/proc/vmstat:oom_kill 9\n",
            DateTime.UtcNow);
        var first = HostReading.Parse(
            "/sys/fs/cgroup/memory/memory.limit_in_bytes:9223372036854771712\n/sys/fs/cgroup/cpu/cpu.cfs_quota_us:-1\n/sys/fs/cgroup/cpu/cpu.cfs_period_us:100000\n",
            DateTime.UtcNow);

        Assert.Equal((2, 1000.0, 800.0), (second.Cores, second.CpuTicks.Total, second.CpuTicks.Idle));
        Assert.Equal((1048576L, 500000L, 0.5), (second.MemoryLimit, second.ContainerMemory, second.CpuLimit));
        Assert.Equal((3L, 9L), (second.OomKills(container: true), second.OomKills(container: false)));
        Assert.Equal(TimeSpan.FromSeconds(2), second.ContainerCpuTime);
        Assert.True(second.HasContainerFiles);
        Assert.Null(first.MemoryLimit);
        Assert.Null(first.CpuLimit);
        Assert.False(first.HasContainerFiles);
        Assert.True(first.IsEmpty);
    }

    // Limits that a busy build machine does not exceed by itself.
    private static StackThresholds Generous() => new()
    {
        Cpu = new Threshold(null, null),
        Load = new Threshold(null, null),
        Memory = new Threshold(null, null),
    };
}
