using System.Text.Json;
using System.Text.RegularExpressions;

namespace OpsRunbook.EndToEnd.Tests;

/// <summary>One stack over every service manager: pm2 and a process here, a container, and systemd on another machine and inside its container.</summary>
[Collection("Stacks")]
public sealed partial class MixedStackTests
{
    private static readonly Lazy<Task<Stack>> Shared = new(Stack.CreateAsync);

    [SkippableFact]
    public async Task Every_manager_is_in_one_table_of_120_columns()
    {
        var stack = await GetAsync();
        var result = await stack.RunAsync("Get-OpsService");

        Assert.True(result.ExitCode == 0, result.Output + result.Error);
        var lines = Escapes().Replace(result.Output, string.Empty).Split('\n');
        Assert.All(lines, line => Assert.InRange(line.TrimEnd().Length, 0, 120));
        Assert.StartsWith("Status", lines.First(line => line.Length > 0), StringComparison.Ordinal);
        foreach (var row in new[] { "Healthy +api +Pm2", "Healthy +beat +Process", "Healthy +box +Docker", "Healthy +app +Systemd +panel", "Healthy +inside +Systemd +within" })
        {
            Assert.Contains(lines, line => Regex.IsMatch(line, "^" + row, RegexOptions.None, TimeSpan.FromSeconds(1)));
        }
    }

    [SkippableTheory]
    [InlineData("api")]
    [InlineData("beat")]
    [InlineData("box")]
    [InlineData("app")]
    [InlineData("inside")]
    public async Task Each_is_restarted_and_healthy_again(string name)
    {
        var stack = await GetAsync();
        var before = await stack.PidAsync(name);

        var result = await stack.RunAsync("Restart-OpsService", name, "-OutputFormat", "Json", "-Reason", "test of it");

        Assert.True(result.ExitCode == 0, result.Output + result.Error);
        using var change = JsonDocument.Parse(result.Output);
        Assert.Equal("Done", change.RootElement[0].GetProperty("Outcome").GetString());
        Assert.Equal("Healthy", change.RootElement[0].GetProperty("After").GetProperty("Status").GetString());
        Assert.NotEqual(before, await stack.PidAsync(name));
    }

    [SkippableFact]
    public async Task A_plan_for_all_of_it_touches_nothing()
    {
        var stack = await GetAsync();
        var before = await stack.PidAsync("api");

        var result = await stack.RunAsync("Restart-OpsService", "-All", "-WhatIf", "-OutputFormat", "Json");

        Assert.True(result.ExitCode == 0, result.Output + result.Error);
        using var plan = JsonDocument.Parse(result.Output);
        var steps = plan.RootElement.EnumerateArray().Select(step => $"{step.GetProperty("Action")} {step.GetProperty("Target")}").ToList();
        Assert.True(steps.IndexOf("Stop api") < steps.IndexOf("Stop app"), "what depends on others is stopped first");
        Assert.True(steps.IndexOf("Start app") < steps.IndexOf("Start api"), "and started last");
        Assert.Equal(before, await stack.PidAsync("api"));
    }

    private static async Task<Stack> GetAsync()
    {
        // Asked first, so that a missing server skips the test.
        await Servers.SystemdHostAsync();
        await Servers.Pm2Async();
        return await Shared.Value;
    }

    [GeneratedRegex("\u001b\\[[0-9;]*m", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Escapes();

    private sealed class Stack
    {
        private readonly Dictionary<string, string> _environment = [];
        private string _yaml = string.Empty;

        public static async Task<Stack> CreateAsync()
        {
            var stack = new Stack();
            var (docker, machine, pm2) = (await Servers.DockerAsync(), await Servers.SystemdHostAsync(), await Servers.Pm2Async());
            var (port, app, box) = (TestRun.FreePort(), $"mixed-{Environment.ProcessId}", docker.NewName("mixed"));
            await pm2.StartAppAsync(app, port);
            await docker.RunContainerAsync("--name", box, "--stop-timeout", "1", DockerEngine.BusyboxImage, "sleep", "1000");
            var folder = TestRun.NewFolder("beat");
            var beat = Path.Combine(folder, $"{app}.sh");
            await File.WriteAllTextAsync(beat, "#!/bin/sh\nfor i in $(seq 3000); do sleep 0.2; done\n");
            File.SetUnixFileMode(beat, UnixFileMode.UserRead | UnixFileMode.UserExecute);
            await machine.ExecuteAsync("cat > /etc/systemd/system/inside.service; systemctl daemon-reload; systemctl start inside", "[Service]\nExecStart=/bin/sleep 1000\n");
            foreach (var (name, value) in pm2.ClientEnvironment)
            {
                stack._environment[name] = value;
            }

            stack._yaml = $$"""
                stack: mixed
                hosts:
                  panel: { ssh: "{{machine.Destination}}", identity: {{machine.IdentityFile}}, options: { {{string.Join(", ", machine.Options.Select(option => $"{option.Key}: \"{option.Value}\""))}} } }
                  within: { container: {{machine.Container}}, docker: "{{docker.Address}}" }
                  engine: { docker: "{{docker.Address}}" }
                services:
                  api: { manager: pm2, unit: {{app}}, health: { url: "http://localhost:{{port}}/health", timeout: 20s }, dependsOn: [app] }
                  beat: { manager: process, unit: {{app}}.sh, start: [{{beat}}], directory: {{folder}} }
                  box: { manager: docker, unit: {{box}}, host: engine }
                  app: { manager: systemd, unit: {{machine.AppUnit}}, host: panel, health: { url: "http://localhost:{{machine.AppPort}}/health", timeout: 20s } }
                  inside: { manager: systemd, unit: inside, host: within }
                {{TestThresholds.Yaml}}
                """;
            var started = await stack.RunAsync("Start-OpsService", "-All");
            return started.ExitCode == 0 ? stack : throw new InvalidOperationException(started.Output + started.Error);
        }

        public Task<ToolResult> RunAsync(params string[] arguments) => ConsoleRun.OfAsync(_yaml, _environment, arguments);

        public async Task<string> PidAsync(string name)
        {
            var result = await RunAsync("Get-OpsService", name, "-Sample", "0", "-OutputFormat", "Json");
            using var service = JsonDocument.Parse(result.Output);
            return service.RootElement[0].GetProperty("Pid").ToString();
        }
    }
}
