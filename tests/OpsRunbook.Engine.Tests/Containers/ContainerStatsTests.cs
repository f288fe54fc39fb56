using System.Globalization;
using System.Text.Json;
using OpsRunbook.Engine.Containers;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Containers;

public sealed class ContainerStatsTests
{
    // Two busy halves of a core, a file read into the page cache, and 24 MB that stay resident.
    private const string Load = """
        dd if=/dev/zero of=/tmp/cached bs=1M count=32 2>/dev/null; cat /tmp/cached >/dev/null
        x=$(dd if=/dev/zero bs=1M count=24 2>/dev/null | tr '\0' x)
        while :; do :; done
        """;

    [SkippableFact]
    public async Task The_figures_agree_with_docker_stats()
    {
        var docker = await Servers.DockerAsync();
        var busy = docker.NewName("busy");
        var idle = docker.NewName("idle");
        await docker.RunContainerAsync("--name", busy, "--memory", "256m", "--cpus", "0.3", DockerEngine.BusyboxImage, "busybox", "sh", "-c", Load);
        await docker.RunContainerAsync("--name", idle, DockerEngine.BusyboxImage);
        await using var host = new LocalHost();

        // The load is the same all the time, so readings of different moments agree; the shell needs a moment to fill its memory.
        ContainerStat[] ours;
        Dictionary<string, JsonElement> theirs;
        var attempt = 0;
        do
        {
            await Task.Delay(500);
            ours = [.. await ContainerStats.ReadAsync(host, Stack(docker), all: false, new NameFilter([busy, idle]), default)];
            theirs = (await docker.ExecuteAsync("stats", "--no-stream", "--format", "{{json .}}", busy, idle))
                .Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => JsonDocument.Parse(line).RootElement)
                .ToDictionary(row => row.GetProperty("Name").GetString()!);
        }
        while (++attempt < 20 && !Array.TrueForAll(ours, stat => Math.Abs(stat.MemoryBytes!.Value - Bytes(theirs[stat.Name], "MemUsage", 0)) < 1024 * 1024));

        Assert.Equal([busy, idle], ours.Select(stat => stat.Name).Order(StringComparer.Ordinal));
        foreach (var stat in ours)
        {
            var row = theirs[stat.Name];
            Assert.InRange(Math.Abs(stat.MemoryBytes!.Value - Bytes(row, "MemUsage", 0)), 0, 1024 * 1024);
            Assert.InRange(stat.MemoryLimitBytes!.Value / Bytes(row, "MemUsage", 1), 0.99, 1.01);
            Assert.InRange(Math.Abs(stat.MemoryPercent!.Value - Percent(row, "MemPerc")), 0, 0.5);
            Assert.Equal(row.GetProperty("PIDs").GetString(), stat.Pids!.Value.ToString(CultureInfo.InvariantCulture));
            Assert.InRange(Math.Abs(stat.NetworkReceivedBytes!.Value - Bytes(row, "NetIO", 0)), 0, 10_000);
            Assert.InRange(Math.Abs((stat.BlockWrittenBytes ?? 0) - Bytes(row, "BlockIO", 1)), 0, 2 * 1024 * 1024);
        }

        // Under the limit of 0.3 cores both show about 30 percent of one core, whatever else the machine does.
        var loaded = ours.Single(stat => stat.Name == busy);
        Assert.InRange(loaded.CpuPercent!.Value, 10, 45);
        Assert.InRange(Math.Abs(loaded.CpuPercent.Value - Percent(theirs[busy], "CPUPerc")), 0, 20);
        Assert.InRange(ours.Single(stat => stat.Name == idle).CpuPercent!.Value, 0, 5);
        Assert.Equal((true, 256 * 1024 * 1024L, 0.3), (loaded.HasMemoryLimit, loaded.MemoryLimitBytes!.Value, loaded.CpuLimit!.Value));
        await docker.ExecuteAsync("rm", "-f", busy, idle);
    }

    [SkippableFact]
    public async Task All_containers_are_asked_at_once()
    {
        var docker = await Servers.DockerAsync();
        var prefix = docker.NewName("many");
        var names = Enumerable.Range(0, 8).Select(number => $"{prefix}-{number}").ToArray();
        await Task.WhenAll(names.Select(name => docker.RunContainerAsync("--name", name, DockerEngine.BusyboxImage)));
        await using var host = new LocalHost();

        var stats = await ContainerStats.ReadAsync(host, Stack(docker), all: false, new NameFilter([prefix + "-*"]), default);

        // One after another each reading would lie a second or more after the one before.
        Assert.Equal(names, stats.Select(stat => stat.Name));
        Assert.True(stats.Max(stat => stat.ReadAt) - stats.Min(stat => stat.ReadAt) < TimeSpan.FromSeconds(4), string.Join(' ', stats.Select(stat => stat.ReadAt)));
        await docker.ExecuteAsync(["rm", "-f", .. names]);
    }

    [SkippableFact]
    public async Task Members_services_and_health_are_told_over_ssh_at_the_address_of_the_stack()
    {
        var docker = await Servers.DockerAsync();
        var server = await Servers.SshdAsync();
        var project = docker.NewName("shop");
        var web = docker.NewName("web");
        var ended = docker.NewName("ended");
        await docker.RunContainerAsync(
            "--name", web, "--label", "com.docker.compose.project=" + project, "--label", "com.docker.compose.service=web",
            "--health-cmd", "exit 1", "--health-interval", "1s", "--health-retries", "1", DockerEngine.BusyboxImage);
        await docker.RunContainerAsync("--name", ended, DockerEngine.BusyboxImage, "busybox", "sh", "-c", "exit 3");
        var stack = Stack(docker, "app");
        stack.Hosts["app"].Ssh = server.Destination;
        stack.Services["shop-web"] = new StackService { Manager = ServiceManagerKind.Compose, Host = "app", Unit = "web", Project = project };
        stack.Services["task"] = new StackService { Manager = ServiceManagerKind.Docker, Host = "app", Unit = ended };
        await using var host = new SshHost("app", server.Destination, server.IdentityFile, server.Options);
        await docker.ExecuteAsync("wait", ended);

        IReadOnlyList<ContainerStat> stats = [];
        for (var attempt = 0; attempt < 100 && stats is not [{ Health: "unhealthy" }]; attempt++)
        {
            stats = await ContainerStats.ReadAsync(host, stack, all: false, new NameFilter(["shop-*"]), default);
        }

        var unhealthy = Assert.Single(stats);
        Assert.Equal(
            ("shop-web", web, project, "unhealthy", HealthStatus.Critical, "app"),
            (unhealthy.Service, unhealthy.Name, unhealthy.Project, unhealthy.Health, unhealthy.Status, unhealthy.Host));
        var task = Assert.Single(await ContainerStats.ReadAsync(host, stack, all: true, new NameFilter(["task"]), default));
        Assert.Equal((HealthStatus.Critical, "exited (3)", null), (task.Status, task.State, task.MemoryBytes));
        Assert.Equal(["app"], ContainerMembers.Hosts(stack));

        // A stopped container is known, although its readings are only shown on request.
        var names = new NameFilter(["task", "tsak"]);
        Assert.Empty(await ContainerStats.ReadAsync(host, stack, all: false, names, default));
        Assert.Equal("tsak", Assert.Single(names.Unused("Container.NotFound", "container")).Target);
        await docker.ExecuteAsync("rm", "-f", web, ended);
    }

    [Fact]
    public void The_figures_of_the_first_control_groups_are_read_as_docker_reads_them()
    {
        using var stats = JsonDocument.Parse("""
            {
              "read": "2026-11-20T10:00:01.5Z",
              "cpu_stats": { "cpu_usage": { "total_usage": 3000, "percpu_usage": [1, 2, 0, 0] }, "system_cpu_usage": 20000 },
              "precpu_stats": { "cpu_usage": { "total_usage": 1000 }, "system_cpu_usage": 12000 },
              "memory_stats": { "usage": 1000, "limit": 4000, "stats": { "total_inactive_file": 400, "inactive_file": 100, "cache": 800 } },
              "blkio_stats": { "io_service_bytes_recursive": [
                { "op": "Read", "value": 10 }, { "op": "Write", "value": 20 }, { "op": "read", "value": 5 }, { "op": "Total", "value": 35 } ] },
              "networks": { "eth0": { "rx_bytes": 1, "tx_bytes": 2 }, "eth1": { "rx_bytes": 10, "tx_bytes": 20 } },
              "pids_stats": { "current": 3 }
            }
            """);

        var figures = ContainerFigures.Read(stats.RootElement)!;

        Assert.Equal((100.0, 600L, 4000L, 15.0), (figures.CpuPercent, figures.MemoryBytes, figures.MemoryLimitBytes, figures.MemoryPercent));
        Assert.Equal((11L, 22L, 15L, 20L, 3L), (figures.NetworkReceivedBytes, figures.NetworkSentBytes, figures.BlockReadBytes, figures.BlockWrittenBytes, figures.Pids));
    }

    [Theory]
    [InlineData("""{ "read": "0001-01-01T00:00:00Z", "memory_stats": {} }""")]
    [InlineData("{}")]
    public void A_container_that_has_just_ended_has_no_figures(string answer)
    {
        using var stats = JsonDocument.Parse(answer);

        Assert.Null(ContainerFigures.Read(stats.RootElement));
    }

    private static OpsStack Stack(DockerEngine docker, string host = LocalHost.LocalName) =>
        new() { Name = "test", Hosts = { [host] = new StackHost { Docker = docker.Address } } };

    private static double Percent(JsonElement row, string column) =>
        double.Parse(row.GetProperty(column).GetString()!.TrimEnd('%'), CultureInfo.InvariantCulture);

    private static double Bytes(JsonElement row, string column, int part) => DockerText.Bytes(row.GetProperty(column).GetString()!.Split(" / ")[part]);
}
