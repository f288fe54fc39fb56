using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using OpsRunbook.ConsoleRunner;
using OpsRunbook.ConsoleRunner.Binding;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Cmdlets.Tests.WebServer;

/// <summary>The commands as the runner starts them, on an nginx with its sites in two files.</summary>
public sealed class MaintenanceModeCommandTests : IAsyncLifetime
{
    private const int MostSteps = 30;

    // Stands before the real program in PATH, counts, and kills the runner at the step that it is told to: before or after it is done.
    private const string StepScript = """
        #!/bin/sh
        n=$(($(cat "$STEPS/count") + 1))
        echo $n > "$STEPS/count"
        if [ "$(cat "$STEPS/kill")" = "$n before" ]; then kill -9 "$(cat "$STEPS/pid")"; exit 1; fi
        PATH=${PATH#*:} "${0##*/}" "$@"
        code=$?
        if [ "$(cat "$STEPS/kill")" = "$n after" ]; then kill -9 "$(cat "$STEPS/pid")"; fi
        exit $code
        """;

    private readonly string _folder = TestRun.NewFolder("maintenance");
    private NginxServer? _nginx;

    private string StackFile => Path.Combine(_folder, "opsrunbook.yaml");

    public async Task InitializeAsync()
    {
        try
        {
            _nginx = await Servers.NewNginxAsync(Sites);
        }
        catch (SkipException)
        {
            // Each test says that it is left out.
            return;
        }

        await File.WriteAllTextAsync(StackFile, $"stack: shop\nwebServers:\n  web: {{ config: {_nginx.ConfigFile} }}\n");
    }

    public async Task DisposeAsync()
    {
        if (_nginx is not null)
        {
            await _nginx.DisposeAsync();
        }
    }

    [SkippableTheory]
    [InlineData("Enable-MaintenanceMode")]
    [InlineData("Disable-MaintenanceMode")]
    public async Task A_run_that_is_killed_at_any_step_is_finished_or_undone_by_the_next(string command)
    {
        var nginx = Nginx();
        var open = Snapshot(nginx);
        var killed = 0;
        for (var step = 1; ; step++)
        {
            Assert.True(step < MostSteps, "The command never ends.");
            var wasKilled = false;
            foreach (var when in (string[])["before", "after"])
            {
                if (command.StartsWith("Disable", StringComparison.Ordinal))
                {
                    Switch("Enable-MaintenanceMode");
                }

                var code = await KilledAsync(command, string.Create(CultureInfo.InvariantCulture, $"{step} {when}"));
                wasKilled |= code == 137;

                // Whatever there is, nginx would take it, at its next start for example.
                var test = await Tool.TryRunAsync("nginx", ["-t", "-q", "-c", nginx.ConfigFile]);
                Assert.True(test.ExitCode == 0, $"{command} killed at {step} {when}: {test.Error}");

                // Either command goes on from there.
                if ((step + when.Length) % 2 == 0)
                {
                    Switch("Enable-MaintenanceMode");
                    Assert.Equal((HttpStatusCode.ServiceUnavailable, HttpStatusCode.ServiceUnavailable), await StatusAsync(nginx));
                }

                Switch("Disable-MaintenanceMode");
                Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), await StatusAsync(nginx));
                Assert.True(open == Snapshot(nginx), $"{command} killed at {step} {when} left something behind.");
            }

            if (!wasKilled)
            {
                break;
            }

            killed++;
        }

        // Tests, two files and a reload at least.
        Assert.True(killed >= 4, $"{killed} steps");
    }

    [SkippableFact]
    public async Task Results_fit_the_table_and_lead_back()
    {
        var nginx = Nginx();
        var before = Snapshot(nginx);

        var (code, table, error) = Run("Enable-MaintenanceMode", "web", "-Site", "a.test", "-Allow", "192.0.2.1", "-RetryAfter", "30m", "-Confirm:false");
        Assert.True(code == 0, error);
        Assert.Matches("(?m)^Healthy +web +local +True +True +a.test +30m", table);
        Assert.All(table.Split('\n'), line => Assert.True(line.Length <= 120, line));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, HttpStatusCode.OK), await StatusAsync(nginx));

        var (_, config, _) = Run("Test-WebServerConfig");
        Assert.Matches("(?m)^Warning +web +local +[0-9.]+ +2 +1 ", config);
        Assert.All(config.Split('\n'), line => Assert.True(line.Length <= 120, line));

        // Named sites by property, as an object from the pipeline would.
        var (_, _, failed) = Run("Disable-MaintenanceMode", "web", "-Site", "b.tset");
        Assert.Contains("[Maintenance.SiteNotFound]", failed, StringComparison.Ordinal);
        Assert.Contains("'b.test'", failed, StringComparison.Ordinal);
        (code, table, error) = Run("Disable-MaintenanceMode", "-Site", "a.test");
        Assert.True(code == 0, error);
        Assert.Matches("(?m)^Healthy +web +local +False +True +a.test ", table);
        Assert.Equal(before, Snapshot(nginx));
    }

    [SkippableFact]
    public void A_plan_is_shown_and_nothing_is_done()
    {
        var nginx = Nginx();
        var before = Snapshot(nginx);

        var (code, json, error) = Run("Enable-MaintenanceMode", "-WhatIf", "-OutputFormat", "Json");

        Assert.True(code == 0, error);
        Assert.Contains("+ if ($opsrunbook_", json, StringComparison.Ordinal);
        Assert.Contains("web: b.test", json, StringComparison.Ordinal);
        Assert.Equal(before, Snapshot(nginx));
    }

    private static string Sites(NginxServer nginx)
    {
        File.WriteAllText(Path.Combine(nginx.Folder, "b.conf"), $"server {{\r\n  listen 127.0.0.1:{nginx.Port};\r\n  server_name b.test;\r\n  return 200;\r\n}}");
        return $"server {{ listen 127.0.0.1:{nginx.Port}; server_name a.test; return 200; }}\n  include b.conf;";
    }

    private static string Snapshot(NginxServer nginx) =>
        string.Join('\n', Directory.EnumerateFiles(nginx.Folder, "*.conf").Order(StringComparer.Ordinal).Select(file => file + Encoding.Latin1.GetString(File.ReadAllBytes(file))));

    private static async Task<(HttpStatusCode A, HttpStatusCode B)> StatusAsync(NginxServer nginx)
    {
        using var client = new HttpClient();
        return (await GetAsync("a.test"), await GetAsync("b.test"));

        async Task<HttpStatusCode> GetAsync(string host)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, nginx.Url) { Headers = { Host = host, ConnectionClose = true } };
            using var answer = await client.SendAsync(request);
            return answer.StatusCode;
        }
    }

    private NginxServer Nginx()
    {
        Skip.If(_nginx is null, "nginx is not available.");
        return _nginx!;
    }

    private void Switch(string command)
    {
        var (code, _, error) = Run(command, "web", "-Confirm:false");
        Assert.True(code == 0, $"{command}: {error}");
    }

    private (int Code, string Out, string Error) Run(params string[] args)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var terminal = new Terminal { Out = output, Error = error, OpenInput = () => new StringReader(string.Empty), Width = 120 };
        return (OpsRunbookConsole.Run([.. args, "-Stack", StackFile], terminal, CommandCatalog.Default), output.ToString(), error.ToString());
    }

    private async Task<int> KilledAsync(string command, string kill)
    {
        var steps = Directory.CreateDirectory(Path.Combine(_folder, "steps")).FullName;
        var programs = Directory.CreateDirectory(Path.Combine(_folder, "programs")).FullName;
        foreach (var program in (string[])["nginx", "mv"])
        {
            await File.WriteAllTextAsync(Path.Combine(programs, program), StepScript.ReplaceLineEndings("\n"));
            await Tool.RunAsync("chmod", ["+x", Path.Combine(programs, program)]);
        }

        await File.WriteAllTextAsync(Path.Combine(steps, "count"), "0");
        await File.WriteAllTextAsync(Path.Combine(steps, "kill"), kill);
        var start = new ProcessStartInfo("sh", ["-c", "echo $$ > \"$STEPS/pid\"; exec dotnet \"$@\"", "sh", typeof(OpsRunbookConsole).Assembly.Location, command, "web", "-Confirm:false", "-Stack", StackFile])
        {
            Environment = { ["STEPS"] = steps, ["PATH"] = $"{programs}:{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin" },
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var streams = Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();

        // What the runner had started ends by itself, and with it the pipes.
        var texts = await streams;
        Assert.True(process.ExitCode is 0 or 137, $"{command} {kill}: {process.ExitCode} {texts[1]}");
        return process.ExitCode;
    }
}
