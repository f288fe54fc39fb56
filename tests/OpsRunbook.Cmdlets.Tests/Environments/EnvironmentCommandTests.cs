using System.Diagnostics;
using System.Text.Json;
using OpsRunbook.ConsoleRunner;
using OpsRunbook.ConsoleRunner.Binding;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Cmdlets.Tests.Environments;

/// <summary>The commands as the runner starts them, on a process of its own with its file.</summary>
public sealed class EnvironmentCommandTests : IDisposable
{
    private const string Secret = "hunter2 'x'";
    private const string Variable = "OPSRUNBOOK_TESTS_NEW_KEY";

    private readonly string _folder = TestRun.NewFolder("environment");
    private readonly Process _process;

    public EnvironmentCommandTests()
    {
        var program = Path.Combine(_folder, "cmd-sleep");
        File.Copy("/bin/sleep", program);
        File.WriteAllText(EnvironmentFile, "LOG_LEVEL=info\nAPI_KEY=other\n");
        File.WriteAllText(StackFile, $$"""
            stack: env-commands
            services:
              app:
                manager: process
                unit: {{program}}
                directory: {{_folder}}
                environmentFile: app.env
                requiredEnvironment: [DATABASE_URL]
                start: [sh, -c, 'set -a; . ./app.env; exec "$PWD/cmd-sleep" 1000']
                health: { command: ["true"] }
            """);
        _process = Process.Start(new ProcessStartInfo(program, "1000") { Environment = { ["LOG_LEVEL"] = "info", ["API_KEY"] = Secret } })!;
    }

    private string StackFile => Path.Combine(_folder, "opsrunbook.yaml");

    private string EnvironmentFile => Path.Combine(_folder, "app.env");

    public void Dispose()
    {
        _process.Kill();
        _process.Dispose();
        Environment.SetEnvironmentVariable(Variable, null);
    }

    [Fact]
    public void What_a_service_was_started_with_is_shown_without_secrets()
    {
        var (code, table, _) = Run("Get-ServiceEnvironment", "app", "-Key", "LOG_*,API_KEY,DATABASE_URL");
        Assert.Equal(2, code);
        Assert.DoesNotContain("hunter2", table, StringComparison.Ordinal);
        Assert.All(table.Split('\n'), line => Assert.True(line.Length <= 120, line));
        Assert.Matches("(?m)^Critical +app +DATABASE_URL +Missing", table);
        Assert.Matches("(?m)^Warning +app +API_KEY +Differs +True +set [0-9a-f]{6}", table);
        Assert.Matches("(?m)^Healthy +app +LOG_LEVEL +Same +False +info", table);

        var (_, json, error) = Run("Get-ServiceEnvironment", "app", "-Key", "API_KEY,API_KEI", "-OutputFormat", "Json");
        using var document = JsonDocument.Parse(json);
        var variable = Assert.Single(document.RootElement.EnumerateArray());
        Assert.Equal(JsonValueKind.Null, variable.GetProperty("Value").ValueKind);
        Assert.DoesNotContain("hunter2", json, StringComparison.Ordinal);
        Assert.Contains("There is no environment variable 'API_KEI'. Did you mean 'API_KEY'?", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_plan_shows_the_steps_and_no_secret_and_changes_nothing()
    {
        Environment.SetEnvironmentVariable(Variable, Secret);
        var before = File.ReadAllText(EnvironmentFile);

        var (code, output, error) = Run("Set-ServiceEnvironment", "app", "API_KEY", "-FromReference", $"${{env:{Variable}}}", "-For", "30m", "-WhatIf", "-Verbose");

        Assert.Equal((0, before), (code, File.ReadAllText(EnvironmentFile)));
        Assert.DoesNotContain("hunter2", output + error, StringComparison.Ordinal);
        Assert.Contains("Set API_KEY to a secret value", output, StringComparison.Ordinal);
        Assert.Single(Directory.GetFiles(_folder, "app.env*"));
    }

    [Fact]
    public void What_cannot_be_done_says_why_and_never_the_value()
    {
        AssertRefused("looks like a secret", "app", "API_KEY", "hunter2");
        AssertRefused("SecureValue", "app", "API_KEY", "-SecureValue", "hunter2");
        AssertRefused("takes a reference", "app", "API_KEY", "-FromReference", "hunter2");
        AssertRefused("is not set", "app", "API_KEY", "-FromReference", "${env:OPSRUNBOOK_TESTS_NONE}");
        AssertRefused("not a name for an environment variable", "app", "A;B", "1");
        AssertRefused("Did you mean 'app'?", "apq", "A", "1");
        AssertRefused("longer than nothing", "app", "A", "1", "-For", "0s");
        AssertRefused("cannot be given as off", "app", "A", "-Remove:$false");
        Assert.Equal("LOG_LEVEL=info\nAPI_KEY=other\n", File.ReadAllText(EnvironmentFile));
    }

    [Fact]
    public void A_secret_is_set_and_the_file_kept()
    {
        Environment.SetEnvironmentVariable(Variable, Secret);

        var (code, output, error) = Run(
            "Set-ServiceEnvironment", "app", "API_KEY", "-FromReference", $"${{env:{Variable}}}", "-Confirm:$false", "-Verbose", "-OutputFormat", "Json");
        try
        {
            Assert.True(code == 0, output + error);
            Assert.DoesNotContain("hunter2", output + error, StringComparison.Ordinal);
            using var document = JsonDocument.Parse(output);
            var change = document.RootElement.EnumerateArray().Single();
            Assert.Equal(("Done", true), (change.GetProperty("Outcome").GetString(), change.GetProperty("Arrived").GetBoolean()));
            Assert.Equal("LOG_LEVEL=info\nAPI_KEY=other\n", File.ReadAllText(change.GetProperty("Backup").GetString()!));
            Assert.Contains("API_KEY=\"hunter2 'x'\"", File.ReadAllText(EnvironmentFile), StringComparison.Ordinal);
        }
        finally
        {
            Run("Set-ServiceEnvironment", "app", "LOG_LEVEL", "-Remove", "-WhatIf");
            foreach (var pid in Directory.GetDirectories("/proc").Select(path => Path.GetFileName(path)).Where(name => int.TryParse(name, out _)))
            {
                // What the command has started, by its own path.
                if (File.Exists($"/proc/{pid}/cmdline") && File.ReadAllText($"/proc/{pid}/cmdline").StartsWith(Path.Combine(_folder, "cmd-sleep"), StringComparison.Ordinal))
                {
                    using var own = Process.GetProcessById(int.Parse(pid!));
                    own.Kill();
                }
            }
        }
    }

    private void AssertRefused(string says, params string[] arguments)
    {
        var (code, output, error) = Run(["Set-ServiceEnvironment", .. arguments]);
        Assert.NotEqual(0, code);
        Assert.Contains(says, error, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", output + error, StringComparison.Ordinal);
    }

    private (int Code, string Output, string Error) Run(params string[] arguments)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var terminal = new Terminal { Out = output, Error = error, OpenInput = () => TextReader.Null, Width = 120 };
        var code = OpsRunbookConsole.Run([.. arguments, "-Stack", StackFile], terminal, CommandCatalog.Default);
        return (code, output.ToString(), error.ToString());
    }
}
