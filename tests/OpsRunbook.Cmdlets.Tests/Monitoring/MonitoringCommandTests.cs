using System.Text.Json;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Cmdlets.Tests.Monitoring;

public sealed class MonitoringCommandTests : CommandTest
{
    [SkippableFact]
    public async Task An_alert_is_found_silenced_for_just_its_labels_and_speaks_again()
    {
        await using var server = await Servers.NewAlertmanagerAsync();
        await WriteStackAsync(server.Url);
        await server.FireAsync(new Dictionary<string, string> { ["alertname"] = "HighCPU", ["instance"] = "web1", ["severity"] = "critical" });
        await server.FireAsync(new Dictionary<string, string> { ["alertname"] = "HighCPU", ["instance"] = "web2" });

        var (_, found) = Run(["Get-Alert", "High*", "-Stack", StackFile, "-OutputFormat", "NdJson"]);
        var first = found.Trim().Split('\n')[0];
        Assert.Contains("web1", first, StringComparison.Ordinal);
        string[] silence = ["New-AlertSilence", "-", "-For", "1h", "-Comment", "load test\u001b[31m", "-Author", "ops", "-Stack", StackFile];
        var (planned, plan) = Run([.. silence, "-WhatIf", "-OutputFormat", "Json"], first);
        Assert.Equal(0, planned);
        Assert.Contains("mutes 1 that fire now: HighCPU", plan, StringComparison.Ordinal);
        Assert.Empty(Objects(Run(["Get-AlertSilence", "-Stack", StackFile, "-OutputFormat", "Json"]).Output));

        var (code, made) = Run([.. silence, "-OutputFormat", "Json"], first);
        Assert.True(code == 0, Error.ToString());
        var one = Assert.Single(Objects(made));
        Assert.Equal("HighCPU", Assert.Single(one.GetProperty("Muted").EnumerateArray()).GetString());
        var (_, states) = Run(["Get-Alert", "-Stack", StackFile, "-OutputFormat", "Json"]);
        Assert.Equal(["firing web2", "silenced web1"], Objects(states).Select(alert => $"{alert.GetProperty("State")} {alert.GetProperty("Instance")}"));
        var (_, table) = Run(["Get-AlertSilence", "-Stack", StackFile]);
        Assert.DoesNotContain('\u001b', table);

        var id = one.GetProperty("Id").GetString()!;
        Assert.Equal(0, Run(["Remove-AlertSilence", id, "-Stack", StackFile]).Code);
        Assert.Empty(Objects(Run(["Get-AlertSilence", "-Stack", StackFile, "-OutputFormat", "Json"]).Output));
        Assert.Equal("expired", Assert.Single(Objects(Run(["Get-AlertSilence", "-All", "-Stack", StackFile, "-OutputFormat", "Json"]).Output)).GetProperty("State").GetString());
        Run(["Remove-AlertSilence", "0-nothing", "-Stack", StackFile]);
        Assert.Contains("Alert.SilenceNotFound", Error.ToString(), StringComparison.Ordinal);

        var journal = await File.ReadAllTextAsync(Path.Combine(Environment.GetEnvironmentVariable("OPSRUNBOOK_STATE")!, "journal.jsonl"));
        Assert.Contains(id, journal, StringComparison.Ordinal);
        Assert.Contains("End silence", journal, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_silence_without_comment_or_that_would_mute_everything_is_refused()
    {
        await using var server = await Servers.NewAlertmanagerAsync();
        await WriteStackAsync(server.Url);
        Run(["New-AlertSilence", "alertname=~.*", "-For", "1h", "-Comment", "all", "-Author", "ops", "-Stack", StackFile]);
        Assert.Contains("Alert.MatcherTooWide", Error.ToString(), StringComparison.Ordinal);
        Assert.Equal(64, Run(["New-AlertSilence", "alertname=X", "-For", "1h", "-Author", "ops", "-Stack", StackFile]).Code);
        Assert.NotEqual(0, Run(["New-AlertSilence", "alertname=X", "-For", "0s", "-Comment", "none", "-Author", "ops", "-Stack", StackFile]).Code);
        Assert.Empty(Objects(Run(["Get-AlertSilence", "-All", "-Stack", StackFile, "-OutputFormat", "Json"]).Output));
    }

    [SkippableFact]
    public async Task What_answers_is_shown_when_the_other_is_down()
    {
        await using var server = await Servers.NewAlertmanagerAsync();
        await WriteStackAsync(server.Url, $"http://127.0.0.1:{TestRun.FreePort()}");
        await server.FireAsync(new Dictionary<string, string> { ["alertname"] = "HighCPU" });
        var (code, found) = Run(["Get-Alert", "-Stack", StackFile, "-OutputFormat", "Json"]);
        Assert.NotEqual(0, code);
        Assert.Single(Objects(found));
        Assert.Contains("Prometheus.NotAnswering", Error.ToString(), StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Queries_targets_and_thresholds_work_on_an_address_and_the_tables_fit()
    {
        await using var server = await Servers.NewPrometheusAsync();
        await WriteStackAsync(server.Url, server.Url);

        // Prometheus is ready a moment before it knows what it scrapes.
        for (var tries = 0; tries < 100 && Run(["Get-MetricTarget", "-Uri", server.Url]).Output.Trim().Length == 0; tries++)
        {
            await Task.Delay(100);
        }

        foreach (var call in (string[][])[["Invoke-MetricQuery", "vector(1)"], ["Invoke-MetricQuery", "vector(1)", "-Since", "5m", "-Step", "1m"], ["Get-MetricTarget"], ["Test-MetricThreshold"]])
        {
            var (code, table) = Run([.. call, "-Uri", server.Url]);
            Assert.True(code is 0 or 3, Error.ToString());
            Assert.All(table.Split('\n'), line => Assert.InRange(line.Length, 0, 120));
            Assert.NotEmpty(table.Trim());
        }

        Assert.Equal(6, Objects(Run(["Invoke-MetricQuery", "vector(1)", "-Since", "2026-01-01T00:00:00Z", "-Until", "2026-01-01T00:05:00Z", "-Step", "1m", "-Stack", StackFile, "-OutputFormat", "Json"]).Output).Count);
        Run(["Invoke-MetricQuery", "vector(1)", "-Since", "1h", "-Until", "2h", "-Stack", StackFile]);
        Assert.Contains("Prometheus.TimeInvalid", Error.ToString(), StringComparison.Ordinal);
        Run(["Test-MetricThreshold", "errrorRate", "-Stack", StackFile]);
        Assert.Contains("errorRate", Error.ToString(), StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Rules_are_written_to_a_file_that_is_not_replaced_unasked()
    {
        await WriteStackAsync("http://localhost:9093");
        var path = Path.Combine(Folder, "rules.yml");
        Assert.Equal(0, Run(["Export-AlertRule", path, "-Stack", StackFile]).Code);
        await File.AppendAllTextAsync(path, "# mine\n");
        Run(["Export-AlertRule", path, "-Stack", StackFile]);
        Assert.Contains("Alert.FileExists", Error.ToString(), StringComparison.Ordinal);
        Assert.EndsWith("# mine\n", await File.ReadAllTextAsync(path), StringComparison.Ordinal);
        Assert.Equal(0, Run(["Export-AlertRule", path, "-Stack", StackFile, "-Force"]).Code);
        Assert.Equal(await File.ReadAllTextAsync(path), Run(["Export-AlertRule", "-Stack", StackFile]).Output.TrimEnd('\n') + "\n");
    }

    private static List<JsonElement> Objects(string json) =>
        json.Trim().Length == 0 ? [] : [.. JsonDocument.Parse(json).RootElement.EnumerateArray().Select(element => element.Clone())];

    private Task WriteStackAsync(string alertmanager, string? prometheus = null) => File.WriteAllTextAsync(
        StackFile,
        $"stack: shop\nmonitoring: {{ alertmanager: \"{alertmanager}\"{(prometheus is null ? string.Empty : $", prometheus: \"{prometheus}\"")} }}\n");
}
