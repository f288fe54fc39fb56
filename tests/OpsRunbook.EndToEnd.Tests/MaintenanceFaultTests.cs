using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;

namespace OpsRunbook.EndToEnd.Tests;

/// <summary>Processes that are killed, meet, or have no room while they begin or end a maintenance window.</summary>
public sealed class MaintenanceFaultTests : IAsyncLifetime, IAsyncDisposable
{
    private readonly string _state = TestRun.NewFolder("state");
    private readonly WebhookReceiver _receiver = new();
    private NginxServer? _nginx;
    private string _program = string.Empty;

    private Dictionary<string, string> Environment => new() { ["OPSRUNBOOK_STATE"] = _state };

    private string Stack => $$"""
        stack: shop
        services:
          api: { manager: process, unit: {{_program}}, start: [{{_program}}, "3600"], health: { command: ["true"] } }
        webServers:
          web: { config: {{_nginx!.ConfigFile}} }
        announce:
          chat: { kind: slack, url: "{{_receiver.Url}}" }
        maintenance:
          announce: chat
          maintenanceMode: web
          stop: api
          smokeTests: { name: port, tcp: "127.0.0.1:{{_nginx.Port}}" }
        {{TestThresholds.Yaml}}
        """;

    public async Task InitializeAsync()
    {
        _program = Path.Combine(TestRun.NewFolder("window"), $"a-{Guid.NewGuid():N}"[..12]);
        File.Copy("/bin/sleep", _program);
        try
        {
            _nginx = await Servers.NewNginxAsync(nginx => $$"""server { listen 127.0.0.1:{{nginx.Port}}; location / { return 200 shop; } }""");
        }
        catch (SkipException)
        {
            // Each test says that it is left out.
        }
    }

    async Task IAsyncLifetime.DisposeAsync() => await DisposeAsync();

    public async ValueTask DisposeAsync()
    {
        if (_nginx is not null)
        {
            await RunAsync("Stop-OpsService", "api", "-Confirm:false");
            await _nginx.DisposeAsync();
        }

        await _receiver.DisposeAsync();
    }

    // Each record waits a moment after its rename, in which the process is killed: nothing of what comes next has been begun. The engine's tests
    // stop at every record; of the processes here every third is enough, unless all of them are asked for. After the last record of the end there is nothing left to kill.
    [SkippableTheory]
    [InlineData("Start-MaintenanceWindow", 10)]
    [InlineData("Stop-MaintenanceWindow", 13)]
    public async Task Killed_after_a_record_a_process_leaves_a_window_that_the_next_stop_finishes_or_undoes(string command, int records)
    {
        Skip.If(_nginx is null || Tool.Find("strace") is null, "There is no nginx or no strace.");
        (await RunAsync("Start-OpsService", "api")).AssertSucceeded();
        var before = await File.ReadAllTextAsync(_nginx.ConfigFile);
        var stride = System.Environment.GetEnvironmentVariable("OPSRUNBOOK_TESTS_EVERY_POINT") == "1" ? 1 : 3;
        var reached = new SortedSet<long>();
        for (var record = 1L; record <= records; record += stride)
        {
            if (command.StartsWith("Stop", StringComparison.Ordinal))
            {
                (await RunAsync("Start-MaintenanceWindow", "-Confirm:false")).AssertSucceeded();
            }

            reached.Add(await KilledAsync(command, record) ?? throw new InvalidOperationException($"{command} came to its end before record {record}."));
            var when = string.Create(CultureInfo.InvariantCulture, $"{command} killed after record {reached.Max}");

            // A warning, because the window was undone, is no failure; after the last record there is nothing to do.
            var stop = await RunAsync("Stop-MaintenanceWindow");
            Assert.True(stop.Error.Contains("Window.NotOpen", StringComparison.Ordinal) || stop.Output.Contains("Closed", StringComparison.Ordinal) || stop.Output.Contains("Undone", StringComparison.Ordinal), $"{when}: {stop.Output}{stop.Error}");
            Assert.True((await Tool.TryRunAsync("pgrep", ["-f", _program])).ExitCode == 0, $"{when}: the service does not run.");
            Assert.True(before == await File.ReadAllTextAsync(_nginx.ConfigFile), $"{when}: nginx's configuration is another one.");
            using var client = new HttpClient();
            Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(new Uri(_nginx.Url))).StatusCode);
        }

        Assert.True(reached.Count * stride >= records - stride, $"Killed after {string.Join(", ", reached)}.");
    }

    [SkippableFact]
    public async Task A_full_disk_refuses_or_undoes()
    {
        Skip.If(_nginx is null, "There is no nginx.");
        (await RunAsync("Start-OpsService", "api")).AssertSucceeded();
        var before = await File.ReadAllTextAsync(_nginx.ConfigFile);

        // The health of the machine would say so first.
        var stack = Stack.Replace("disk: { warning: 99%, critical: 99.5% }", "disk: { warning: null, critical: null }", StringComparison.Ordinal);
        await using var disk = await Servers.NewSmallDiskAsync(256 * 1024);
        var environment = new Dictionary<string, string> { ["OPSRUNBOOK_STATE"] = disk.Folder };
        (await ConsoleRun.OfAsync(stack, environment, "Start-OpsService", "api")).AssertSucceeded();

        // From no room at all to room for some of the records, or for all of them.
        foreach (var left in (int[])[0, 4, 8, 12])
        {
            await LeaveAsync(disk.Folder, left * 1024);
            var run = await ConsoleRun.OfAsync(stack, environment, "Start-MaintenanceWindow", "-Confirm:false");
            Assert.True(run.ExitCode != 0 || left > 4, $"{left} KB: {run.Output}");
            if (run.ExitCode == 0)
            {
                break;
            }

            Assert.True(run.Error.Contains("NotWritten", StringComparison.Ordinal) || run.Error.Contains("Guard.Journal", StringComparison.Ordinal), run.Error);
            Assert.True(before == await File.ReadAllTextAsync(_nginx.ConfigFile), $"{left} KB: nginx's configuration is another one.");
            File.Delete(Path.Combine(disk.Folder, "ballast"));
            var state = await ConsoleRun.OfAsync(stack, environment, "Get-OpsService", "api", "-OutputFormat", "Json");
            Assert.Contains("running", state.Output, StringComparison.Ordinal);

            // What is still open only lacks its last record.
            _ = await ConsoleRun.OfAsync(stack, environment, "Stop-MaintenanceWindow");
            var open = await ConsoleRun.OfAsync(stack, environment, "Get-MaintenanceWindow", "-OutputFormat", "Json");
            Assert.Equal(0, JsonDocument.Parse(open.Output).RootElement.GetArrayLength());
        }
    }

    [SkippableFact]
    public async Task Of_two_processes_that_start_a_window_one_does_and_the_other_is_told_who()
    {
        Skip.If(_nginx is null, "There is no nginx.");
        (await RunAsync("Start-OpsService", "api")).AssertSucceeded();
        var runs = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => RunAsync("Start-MaintenanceWindow", "-Confirm:false")));
        Assert.Single(runs, run => run.ExitCode == 0);
        Assert.Matches("process [0-9]+", Assert.Single(runs, run => run.ExitCode != 0).Error);
        (await RunAsync("Stop-MaintenanceWindow")).AssertSucceeded();
    }

    private static async Task LeaveAsync(string folder, long bytes)
    {
        await using var file = File.Create(Path.Combine(folder, "ballast"));
        try
        {
            for (var content = new byte[4096]; ;)
            {
                await file.WriteAsync(content);
                await file.FlushAsync();
            }
        }
        catch (IOException)
        {
            file.SetLength(Math.Max(0, file.Length - bytes));
        }
    }

    private Task<ToolResult> RunAsync(params string[] arguments) => ConsoleRun.OfAsync(Stack, Environment, arguments);

    // The record of the window at which the process died; null when it came to its end before.
    private async Task<long?> KilledAsync(string command, long record)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_state, "window")).FullName;
        var first = Open(folder)?.Version ?? 0;
        var run = ConsoleRun.UnderAsync(
            ["strace", "-f", "--seccomp-bpf", "-e", "trace=rename", "-e", "inject=rename:delay_exit=400000", "-o", "/dev/null"], Stack, Environment, command, "-Confirm:false");
        while (!run.IsCompleted)
        {
            if (Open(folder) is { } window && window.Version >= first + record)
            {
                // The tracer too, or it would wait for the service that the command has started.
                using var process = Process.GetProcessById(window.Pid);
                using var tracer = Process.GetProcessById(ParentOf(window.Pid));
                process.Kill();
                tracer.Kill();
                await run;
                return Read(window.File).Version - first;
            }

            await Task.Delay(5);
        }

        (await run).AssertSucceeded();
        return null;
    }

    private static int ParentOf(int pid)
    {
        var stat = File.ReadAllText($"/proc/{pid}/stat");
        return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
    }

    private static (string File, long Version, int Pid)? Open(string folder)
    {
        var open = Directory.GetFiles(folder, "*.json").Select(Read).Where(window => window.Open).ToList();
        return open.Count == 0 ? null : (open[0].File, open[0].Version, open[0].Pid);
    }

    private static (string File, bool Open, long Version, int Pid) Read(string file)
    {
        using var json = JsonDocument.Parse(File.ReadAllText(file));
        var root = json.RootElement;
        return (file, root.GetProperty("open").GetBoolean(), root.GetProperty("version").GetInt64(), root.GetProperty("content").GetProperty("worker").GetProperty("pid").GetInt32());
    }
}
