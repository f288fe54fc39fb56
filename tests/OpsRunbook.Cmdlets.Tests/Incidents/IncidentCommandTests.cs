using System.Text.Json;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Cmdlets.Tests.Incidents;

public sealed class IncidentCommandTests : CommandTest
{
    private readonly WebhookReceiver _receiver = new();

    [Fact]
    public void An_incident_is_handled_from_the_console()
    {
        Command("Start-Incident", "-WhatIf", "Database connection lost", "SEV1");
        Assert.Equal("[]", Command("Get-Incident", "-OutputFormat", "Json").Trim());

        var started = Command("Start-Incident", "Database connection lost", "sev1", "-DetectedBy", "alert DatabaseDown", "-Service", "mysql", "-Impact", "Logins fail", "-At", "20m");
        Assert.Contains("response, ", started, StringComparison.Ordinal);
        Assert.All(started.Split('\n'), line => Assert.InRange(line.Length, 0, 120));
        Assert.Contains("Incident.Open", Failing("Start-Incident", "again", "SEV1"), StringComparison.Ordinal);
        Assert.Contains("Incident.SeverityUnknown", Failing("Start-Incident", "again", "SEV9"), StringComparison.Ordinal);
        Assert.Contains("Incident.TimeInvalid", Failing("Add-IncidentEntry", "x", "-At", "some day"), StringComparison.Ordinal);
        Assert.Contains("Incident.NothingToAdd", Failing("Add-IncidentEntry"), StringComparison.Ordinal);

        Command("Add-IncidentEntry", "Acknowledged by on-call engineer", "-Milestone", "Acknowledged", "-At", "18m");
        var entry = Command("Add-IncidentEntry", "evil\n\u001b[31m" + new string('x', 1_000_000));
        Assert.DoesNotContain('\u001b', entry);
        Assert.All(entry.Split('\n'), line => Assert.InRange(line.Length, 0, 120));

        Command("Send-OpsAnnouncement", "subject", "text");
        Assert.Contains("Current Status", Command("Send-IncidentUpdate", "MySQL is being restarted.", "-WhatIf", "-OutputFormat", "Json"), StringComparison.Ordinal);
        Command("Send-IncidentUpdate", "MySQL is being restarted.", "-NextUpdate", "30m");
        Assert.Contains("MySQL is being restarted.", _receiver.Posts[^1].Body, StringComparison.Ordinal);
        Assert.Equal(2, _receiver.Posts.Count);

        Command("Stop-Incident", "-RootCause", "OOM kill", "-Fix", "More memory", "-ActionItem", "Add memory metric to dashboard");
        Assert.Contains("Incident.NoneOpen", Failing("Stop-Incident"), StringComparison.Ordinal);
        using var incidents = JsonDocument.Parse(Command("Get-Incident", "-OutputFormat", "Json"));
        var incident = incidents.RootElement.EnumerateArray().Single();
        var id = incident.GetProperty("Id").GetString()!;
        Assert.Equal("Resolved", incident.GetProperty("Status").GetString());
        Assert.Equal(["Started", "Progress", "Note", "Change", "Update", "Resolved"], incident.GetProperty("Timeline").EnumerateArray().Select(one => one.GetProperty("Kind").GetString()));

        var document = Command("Export-Incident", "-Id", id);
        Assert.Contains("Announce hook on local: Succeeded", document, StringComparison.Ordinal);
        Assert.Contains("- [ ] Add memory metric to dashboard", document, StringComparison.Ordinal);
        var file = Path.Combine(Folder, "incident.html");
        Command("Export-Incident", file, "-Id", id);
        Assert.StartsWith("<!DOCTYPE html>", File.ReadAllText(file), StringComparison.Ordinal);
        Assert.Contains("Incident.FileExists", Failing("Export-Incident", file, "-Id", id), StringComparison.Ordinal);

        Assert.Contains(id, Command("Get-OpsJournal", "-Incident", id, "-Command", "Send-OpsAnnouncement", "-OutputFormat", "Json"), StringComparison.Ordinal);
        Assert.Contains("Incident.NotFound", Failing("Get-Incident", "INC-0"), StringComparison.Ordinal);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _receiver.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }

        base.Dispose(disposing);
    }

    private string Command(params string[] arguments)
    {
        var (code, output) = RunOnStack(arguments);
        Assert.True(code == 0, Error.ToString());
        return output;
    }

    private string Failing(params string[] arguments)
    {
        var before = Error.ToString().Length;
        Assert.NotEqual(0, RunOnStack(arguments).Code);
        return Error.ToString()[before..];
    }

    private (int Code, string Output) RunOnStack(string[] arguments)
    {
        if (!File.Exists(StackFile))
        {
            File.WriteAllText(StackFile, $$"""
                stack: incidents-{{Path.GetFileName(Folder)}}
                severities:
                  SEV1: { response: 0s }
                  SEV2: { response: 15m }
                incident:
                  announce: [hook]
                  phases:
                    - { name: acknowledge, from: 0s, until: 5m }
                announce:
                  hook: { kind: webhook, url: "{{_receiver.Url}}" }
                """);
        }

        return Run([.. arguments, "-Stack", StackFile]);
    }
}
