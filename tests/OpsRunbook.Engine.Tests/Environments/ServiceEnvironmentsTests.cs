using System.Diagnostics;
using System.Text.Json;
using OpsRunbook.Engine.Environments;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.Services;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Environments;

public sealed class ServiceEnvironmentsTests
{
    private const string Secret = "hunter2 '\"; $(id)";

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_unit_of_systemd_is_compared_with_its_files(bool inContainer)
    {
        var server = await Servers.SystemdHostAsync();
        var docker = await Servers.DockerAsync();
        var unit = inContainer ? "env-exec" : "env-ssh";
        var folder = $"/opt/{unit} it's";
        await server.ExecuteAsync($"""
            mkdir -p "{folder}" && cat > "{folder}/first.env" <<'X'
            LOG_LEVEL=info
            SAME=same value
            API_TOKEN=old
            GONE=1
            X
            printf 'SAME=second\nEMPTY_SECRET=\n' > "{folder}/second.env"
            cat > /etc/systemd/system/{unit}.service <<'X'
            [Service]
            Environment=INLINE=1
            EnvironmentFile={folder}/first.env
            EnvironmentFile=-{folder}/second.env
            ExecStart=/bin/sleep infinity
            X
            systemctl daemon-reload && systemctl restart {unit}
            sed -i -e 's/info/debug/' -e '/GONE/d' "{folder}/first.env" && printf 'ADDED=1\nAPI_TOKEN="new secret"\n' >> "{folder}/first.env"
            """);
        var stack = new OpsStack
        {
            Name = "test",
            Hosts =
            {
                ["panel"] = inContainer
                    ? new StackHost { Container = server.Container, Docker = docker.Address }
                    : new StackHost { Ssh = server.Destination, Identity = server.IdentityFile, Options = new(server.Options) },
            },
            Services = { ["api"] = new StackService { Manager = ServiceManagerKind.Systemd, Host = "panel", Unit = unit, RequiredEnvironment = ["DATABASE_URL", "EMPTY_SECRET", "LOG_LEVEL"] } },
        };

        var (variables, output) = await ReadAsync(stack, "api");

        AssertIs(variables["LOG_LEVEL"], EnvironmentState.Differs, "info", "debug", restartDue: true);
        AssertIs(variables["SAME"], EnvironmentState.Same, "second", "second", restartDue: false);
        AssertIs(variables["ADDED"], EnvironmentState.OnlyInFile, null, "1", restartDue: true);
        AssertIs(variables["GONE"], EnvironmentState.OnlyInProcess, "1", null, restartDue: false);
        AssertIs(variables["INLINE"], EnvironmentState.OnlyInProcess, "1", null, restartDue: false);
        AssertIs(variables["API_TOKEN"], EnvironmentState.Differs, null, null, restartDue: true);
        Assert.NotEqual(variables["API_TOKEN"].Fingerprint, variables["API_TOKEN"].FileFingerprint);
        Assert.Equal($"set {variables["API_TOKEN"].Fingerprint}", variables["API_TOKEN"].ShownValue);
        Assert.Equal((EnvironmentState.Missing, HealthStatus.Critical, true), (variables["DATABASE_URL"].State, variables["DATABASE_URL"].Status, variables["DATABASE_URL"].Required));
        Assert.Equal((EnvironmentState.Same, HealthStatus.Critical, "", null), (variables["EMPTY_SECRET"].State, variables["EMPTY_SECRET"].Status, variables["EMPTY_SECRET"].Value, variables["EMPTY_SECRET"].Fingerprint));
        Assert.Equal((HealthStatus.Warning, "process", $"{folder}/first.env"), (variables["LOG_LEVEL"].Status, variables["LOG_LEVEL"].Source, variables["LOG_LEVEL"].File));
        Assert.Contains(output.Warnings, warning => warning.Contains("API_TOKEN is set 2 times", StringComparison.Ordinal));
        AssertSecretFree(output, "old", "new secret");

        await server.ExecuteAsync("systemctl restart " + unit);
        (variables, _) = await ReadAsync(stack, "api");
        Assert.DoesNotContain(variables.Values, variable => variable.RestartDue);
        Assert.DoesNotContain("GONE", variables.Keys);

        // Without a process the file still says what is missing: the first question when a service does not start.
        await server.ExecuteAsync("systemctl stop " + unit);
        (variables, output) = await ReadAsync(stack, "api");
        Assert.Equal((EnvironmentState.OnlyInFile, false, null), (variables["LOG_LEVEL"].State, variables["LOG_LEVEL"].RestartDue, variables["LOG_LEVEL"].Pid));
        Assert.Equal(EnvironmentState.Missing, variables["DATABASE_URL"].State);
        Assert.Contains("does not run", Assert.Single(output.Warnings, warning => warning.Contains("'api'", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_compose_service_is_compared_with_what_compose_would_start()
    {
        var docker = await Servers.DockerAsync();
        await using var project = await docker.NewComposeProjectAsync($$"""
            version: "2.4"
            services:
              api:
                image: {{DockerEngine.BusyboxImage}}
                scale: 2
                environment:
                  FIXED: "1"
                  DB_PASSWORD: "${SECRET_OF_DB:-first}"
            """);
        await File.WriteAllTextAsync(Path.Combine(project.Folder, "app.env"), $"LOG_LEVEL=info\nQUOTED='two words'\n");
        await File.WriteAllTextAsync(Path.Combine(project.Folder, ".env"), "SECRET_OF_DB=p$word\n");
        var stack = new OpsStack
        {
            Name = "test",
            Hosts = { [LocalHost.LocalName] = new StackHost { Docker = docker.Address } },
            Services = { ["api"] = new StackService { Manager = ServiceManagerKind.Compose, Host = LocalHost.LocalName, ComposeFile = project.File, Project = project.Name } },
        };

        // Under another name in the file, so only compose itself can tell.
        var (variables, output) = await ReadAsync(stack, "api");
        AssertIs(variables["FIXED"], EnvironmentState.Same, "1", "1", restartDue: false);
        AssertIs(variables["DB_PASSWORD"], EnvironmentState.Differs, null, null, restartDue: true);
        AssertIs(variables["PATH"], EnvironmentState.OnlyInProcess, variables["PATH"].Value, null, restartDue: false);
        AssertSecretFree(output, "first", "p$word");

        var yaml = await File.ReadAllTextAsync(project.File);
        await File.WriteAllTextAsync(project.File, yaml.Replace("FIXED: \"1\"", "ADDED: \"a$$b\"", StringComparison.Ordinal) + "\n    env_file: app.env\n");
        (variables, _) = await ReadAsync(stack, "api");
        AssertIs(variables["FIXED"], EnvironmentState.OnlyInProcess, "1", null, restartDue: true);
        AssertIs(variables["ADDED"], EnvironmentState.OnlyInFile, null, "a$b", restartDue: true);
        AssertIs(variables["QUOTED"], EnvironmentState.OnlyInFile, null, "two words", restartDue: true);

        // A restart takes none of it up; new containers do.
        await project.ExecuteAsync("restart", "-t", "1");
        Assert.True((await ReadAsync(stack, "api")).Variables["DB_PASSWORD"].RestartDue);
        await project.ExecuteAsync("up", "-d", "-t", "1");
        (variables, _) = await ReadAsync(stack, "api");
        Assert.DoesNotContain(variables.Values, variable => variable.RestartDue);
        AssertIs(variables["ADDED"], EnvironmentState.Same, "a$b", "a$b", restartDue: false);
        AssertIs(variables["LOG_LEVEL"], EnvironmentState.Same, "info", "info", restartDue: false);
        Assert.Equal(("process", Path.Combine(project.Folder, ".env")), (variables["LOG_LEVEL"].Source, variables["LOG_LEVEL"].File));
    }

    [SkippableFact]
    public async Task A_container_shows_what_its_entry_script_made_of_its_configuration()
    {
        var docker = await Servers.DockerAsync();
        var name = docker.NewName("env");
        var file = Path.Combine(TestRun.NewFolder("environment"), "docker.env");
        await File.WriteAllTextAsync(file, $"MODE='quoted'\nAPI_KEY={Secret}\n");
        await docker.RunContainerAsync("--name", name, "--env-file", file, DockerEngine.BusyboxImage, "busybox", "sh", "-c", "export MODE=changed ADDED=1; exec busybox sleep 1000");
        var stack = new OpsStack
        {
            Name = "test",
            Hosts = { [LocalHost.LocalName] = new StackHost { Docker = docker.Address } },
            Services = { ["job"] = new StackService { Manager = ServiceManagerKind.Docker, Host = LocalHost.LocalName, Unit = name, EnvironmentFile = file } },
        };

        var (variables, output) = await ReadAsync(stack, "job");

        AssertIs(variables["MODE"], EnvironmentState.Differs, "changed", "'quoted'", restartDue: true);
        AssertIs(variables["ADDED"], EnvironmentState.OnlyInProcess, "1", null, restartDue: false);
        AssertIs(variables["API_KEY"], EnvironmentState.Same, null, null, restartDue: false);
        Assert.Equal(variables["API_KEY"].Fingerprint, variables["API_KEY"].FileFingerprint);
        AssertSecretFree(output, Secret);

        // Where nothing can be run inside, its configuration is what there is.
        await docker.ExecuteAsync("pause", name);
        (variables, _) = await ReadAsync(stack, "job");
        Assert.Equal(("'quoted'", "container"), (variables["MODE"].Value, variables["MODE"].Source));
        await docker.ExecuteAsync("unpause", name);
        await docker.ExecuteAsync("rm", "-f", name);
    }

    [SkippableFact]
    public async Task An_application_of_pm2_is_compared_with_the_file_it_was_started_from()
    {
        var pm2 = await Servers.Pm2Async();
        var folder = TestRun.NewFolder("environment");
        var file = Path.Combine(folder, ".env");
        await File.WriteAllTextAsync(file, "LOG_LEVEL=debug\nADDED=1\n");
        var name = "environment of it's own";
        await File.WriteAllTextAsync(Path.Combine(folder, "app.config.json"), JsonSerializer.Serialize(new
        {
            apps = new[]
            {
                new { name, script = "/bin/sleep", args = "1000", interpreter = "none", cwd = folder, env = new Dictionary<string, string> { ["LOG_LEVEL"] = "info", ["SESSION_SECRET"] = Secret } },
            },
        }));
        await pm2.ExecuteAsync("start", Path.Combine(folder, "app.config.json"));
        var stack = new OpsStack { Name = "test", Services = { ["app"] = new StackService { Manager = ServiceManagerKind.Pm2, Unit = name, Pm2Home = pm2.Folder } } };
        try
        {
            // The file beside the application is found by itself. It is read by pm2 or the application: LOG_LEVEL came from somewhere.
            var (variables, output) = await ReadAsync(stack, "app");
            AssertIs(variables["LOG_LEVEL"], EnvironmentState.Differs, "info", "debug", restartDue: true);
            AssertIs(variables["ADDED"], EnvironmentState.OnlyInFile, null, "1", restartDue: true);
            AssertIs(variables["SESSION_SECRET"], EnvironmentState.OnlyInProcess, null, null, restartDue: false);
            Assert.Equal(("process", file), (variables["LOG_LEVEL"].Source, variables["LOG_LEVEL"].File));
            Assert.DoesNotContain("pm_id", variables.Keys);
            AssertSecretFree(output, Secret);

            // An application that reads its file itself: only the time of the change tells.
            await File.WriteAllTextAsync(file, "OWN=1\n");
            File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddHours(-1));
            Assert.False((await ReadAsync(stack, "app")).Variables["OWN"].RestartDue);
            File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddSeconds(5));
            Assert.True((await ReadAsync(stack, "app")).Variables["OWN"].RestartDue);
        }
        finally
        {
            await pm2.ExecuteAsync("delete", name);
        }
    }

    [SkippableFact]
    public async Task A_plain_process_is_read_here_and_over_ssh_and_one_that_overwrote_it_is_named()
    {
        var server = await Servers.SshdAsync();
        var folder = TestRun.NewFolder("environment");
        var program = Path.Combine(folder, "own-sleep");
        File.Copy("/bin/sleep", program);
        await File.WriteAllTextAsync(Path.Combine(folder, "app.env"), $"MODE=\"a b\"\nTOKEN=x\n");
        var start = new ProcessStartInfo(program, "1000") { Environment = { ["MODE"] = "a b", ["MULTI"] = "two\nlines", ["TOKEN"] = Secret } };
        using var process = Process.Start(start)!;
        var stack = new OpsStack
        {
            Name = "test",
            Hosts = { ["there"] = new StackHost { Ssh = server.Destination, Identity = server.IdentityFile, Options = new(server.Options) } },
            Services =
            {
                ["here"] = new StackService { Manager = ServiceManagerKind.Process, Unit = program, EnvironmentFile = "app.env", Directory = folder },
                ["over"] = new StackService { Manager = ServiceManagerKind.Process, Unit = program, Host = "there", EnvironmentFile = Path.Combine(folder, "app.env") },
                ["lost"] = new StackService { Manager = ServiceManagerKind.Process, Unit = program, EnvironmentFile = "app.env" },
                ["none"] = new StackService { Manager = ServiceManagerKind.Process, Unit = program, EnvironmentFile = "/nonexistent/app.env" },
            },
        };
        try
        {
            foreach (var name in new[] { "here", "over" })
            {
                var (variables, output) = await ReadAsync(stack, name);
                AssertIs(variables["MODE"], EnvironmentState.Same, "a b", "a b", restartDue: false);
                AssertIs(variables["MULTI"], EnvironmentState.OnlyInProcess, "two\nlines", null, restartDue: false);
                AssertIs(variables["TOKEN"], EnvironmentState.Differs, null, null, restartDue: true);
                Assert.Equal(process.Id, variables["MODE"].Pid);
                AssertSecretFree(output, Secret);
            }

            Assert.Equal("Environment.FileUnknown", Assert.Single((await ReadAsync(stack, "lost")).Output.Errors).Id);
            var missing = await ReadAsync(stack, "none");
            Assert.Contains("/nonexistent/app.env", Assert.Single(missing.Output.Warnings), StringComparison.Ordinal);
            Assert.Null(missing.Variables["MODE"].State);
        }
        finally
        {
            process.Kill();
        }

        Assert.Null(RunningEnvironment.Parse("nginx: master process\0\0\0"u8));
        Assert.Null(RunningEnvironment.Parse("\0\0"u8));
        Assert.Equal("1", RunningEnvironment.Parse("A=1\0B==\0A=2\0"u8)!["A"]);
    }

    private static async Task<(Dictionary<string, ServiceEnvironmentVariable> Variables, RecordedOutput Output)> ReadAsync(OpsStack stack, string name)
    {
        var output = new RecordedOutput();
        await using var session = new StackSession(stack);
        var targets = ServiceTargets.Select(stack, [name], output);
        await new ServiceEnvironments(session, output, Fingerprints.Open(output)).ReadAsync(targets, new NameFilter([]), default);
        return (output.Items.Cast<ServiceEnvironmentVariable>().ToDictionary(variable => variable.Key), output);
    }

    private static void AssertIs(ServiceEnvironmentVariable variable, EnvironmentState state, string? value, string? inFile, bool restartDue) =>
        Assert.Equal((variable.Key, state, value, inFile, restartDue), (variable.Key, variable.State!.Value, variable.Value, variable.FileValue, variable.RestartDue));

    private static void AssertSecretFree(RecordedOutput output, params string[] secrets)
    {
        var text = JsonSerializer.Serialize(output.Items) + string.Join('\n', output.Warnings) + string.Join('\n', output.VerboseLines) + string.Join('\n', output.Errors.Select(error => error.FullMessage));
        Assert.All(secrets, secret => Assert.DoesNotContain(JsonSerializer.Serialize(secret)[1..^1] is { Length: > 4 } escaped ? escaped : $"\"{secret}\"", text, StringComparison.Ordinal));
    }
}
