using System.Diagnostics;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Services;

namespace OpsRunbook.Engine.Tests.Services;

public sealed class ProcessManagerTests
{
    private static readonly IServiceManager Manager = ServiceManagers.Get(ServiceManagerKind.Process);

    [Theory]
    [InlineData("nginx", "nginx", "nginx: master process /usr/sbin/nginx")]
    [InlineData("redis-server", "redis-server", "/usr/bin/redis-server 127.0.0.1:6379")]
    [InlineData("a-very-long-program-name", "a-very-long-pro", "/opt/a-very-long-program-name --x")]
    [InlineData("a-very-long-script.sh", "a-very-long-scr", "/bin/sh /opt/a-very-long-script.sh")]
    [InlineData("/opt/app/bin/api", "api", "/opt/app/bin/api -p 3000")]
    [InlineData("server.js", "node", "node --inspect /srv/shop/server.js --port 1")]
    [InlineData("app.py", "python3", "/usr/bin/python3.11 app.py")]
    public async Task A_process_is_known_by_its_name_path_title_or_script(string unit, string comm, string commandLine)
    {
        var state = await StateAsync(unit, Process(10, comm, commandLine));

        Assert.Equal((HealthStatus.Healthy, "running", 10), (state.Status, state.State, state.Pid));
    }

    [Theory]
    [InlineData("nginx", "vi", "vi nginx")]
    [InlineData("server.js", "vi", "vi server.js")]
    [InlineData("server.js", "node", "node other.js server.js")]
    [InlineData("/opt/app/bin/api", "api", "/usr/bin/api")]
    [InlineData("api", "apiserver", "/opt/apiserver")]
    [InlineData("a-very-long-program-name", "a-very-long-pro", "/opt/a-very-long-program-other")]
    public async Task Another_process_is_not_taken_for_it(string unit, string comm, string commandLine)
    {
        var state = await StateAsync(unit, Process(10, comm, commandLine));

        Assert.Equal((HealthStatus.Critical, "Service.Down", 0), (state.Status, state.Reason, state.Instances));
    }

    [Fact]
    public async Task Workers_count_as_instances_and_the_oldest_is_the_main_process()
    {
        var state = await StateAsync(
            "worker",
            Process(20, "worker", "worker", age: 10),
            Process(10, "worker", "worker", age: 60),
            Process(30, "worker", "worker", age: 5, state: 'Z'));

        Assert.Equal((10, 2, 2000L), (state.Pid, state.Instances, state.MemoryBytes));
    }

    [Fact]
    public async Task Zombies_and_suspended_processes_do_not_run()
    {
        Assert.Equal("only a zombie is left of it", (await StateAsync("worker", Process(1, "worker", "worker", state: 'Z'))).State);
        var suspended = await StateAsync("worker", Process(1, "worker", "worker", state: 'T'));
        Assert.Equal((HealthStatus.Critical, "suspended"), (suspended.Status, suspended.State));
    }

    [Fact]
    public async Task A_pid_file_leads_to_a_real_process_until_that_ends()
    {
        var file = Path.Combine(Directory.CreateTempSubdirectory("opsrunbook-").FullName, "app.pid");
        using var process = System.Diagnostics.Process.Start(new ProcessStartInfo("sleep", "300"))!;
        await using var host = new LocalHost();
        try
        {
            await File.WriteAllTextAsync(file, $"{process.Id}\n");
            var running = await Manager.GetStateAsync(host, new UnitReference(file), default);
            process.Kill();
            await process.WaitForExitAsync();
            var ended = await Manager.GetStateAsync(host, new UnitReference(file), default);
            await File.WriteAllTextAsync(file, "none");
            var garbage = await Manager.GetStateAsync(host, new UnitReference(file), default);
            File.Delete(file);
            var missing = await Manager.GetStateAsync(host, new UnitReference(file), default);

            Assert.Equal((HealthStatus.Healthy, process.Id), (running.Status, running.Pid));
            Assert.True(DateTime.UtcNow - running.Since < TimeSpan.FromMinutes(5));
            Assert.Contains("does not exist", ended.State, StringComparison.Ordinal);
            Assert.Contains("holds no number", garbage.State, StringComparison.Ordinal);
            Assert.Contains("no pid file", missing.State, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
        }
    }

    private static async Task<UnitState> StateAsync(string unit, params HostProcess[] processes) =>
        await Manager.GetStateAsync(new ScriptedHost(null, processes), new UnitReference(unit), default);

    private static HostProcess Process(int pid, string comm, string commandLine, int age = 60, char state = 'S') =>
        new(pid, 1, comm, commandLine.StartsWith("nginx:", StringComparison.Ordinal) ? [commandLine] : commandLine.Split(' '), "root", state, DateTime.UtcNow.AddSeconds(-age), TimeSpan.Zero, 1000, string.Empty);
}
