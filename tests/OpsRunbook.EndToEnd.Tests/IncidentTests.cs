using System.Text.Json;

namespace OpsRunbook.EndToEnd.Tests;

/// <summary>An incident from the alert to the document, on a real host, with the state shared in PostgreSQL and people told by a webhook.</summary>
[Collection("Stacks")]
public sealed class IncidentTests
{
    [SkippableFact]
    public async Task A_crashed_database_is_restarted_and_the_timeline_has_written_itself()
    {
        var host = await Servers.SystemdHostAsync();
        var shared = await Servers.PostgreSqlAsync();
        var database = await shared.CreateDatabaseAsync();
        await using var chat = new WebhookReceiver();
        var environment = new Dictionary<string, string> { ["STATE_PASSWORD"] = shared.Password, ["NPANEL_DB_PASSWORD"] = host.DatabasePassword };
        var stack = $$"""
            stack: npanel
            hosts:
              panel: { ssh: "{{host.Destination}}", identity: {{host.IdentityFile}}, options: { {{string.Join(", ", host.Options.Select(option => $"{option.Key}: \"{option.Value}\""))}} } }
            services:
              mysql: { manager: systemd, unit: mariadb, host: panel, ports: [3306] }
              app:
                manager: systemd
                unit: {{host.AppUnit}}
                host: panel
                health: { name: ready, url: "http://localhost:{{host.AppPort}}/api/v1/health/ready", status: 200, body.checks.db: ok, timeout: 20s }
                dependsOn: [mysql]
            databases:
              team: { engine: postgres, server: {{shared.Host}}, port: {{shared.Port}}, user: {{shared.User}}, password: "${env:STATE_PASSWORD}", database: {{database}}, timeout: 20s }
            state: { postgres: team }
            severities:
              SEV1: { description: Nothing answers, response: 5m }
            incident:
              announce: chat
              phases:
                - { name: acknowledge, from: 0s, until: 5m }
                - { name: review }
            announce:
              chat: { kind: webhook, url: "{{chat.Url}}" }
            """;

        // The unit's own restart would hide the crash.
        await host.ExecuteAsync("mkdir -p /run/systemd/system/mariadb.service.d && printf '[Service]\\nRestart=no\\n' > /run/systemd/system/mariadb.service.d/crash.conf && systemctl daemon-reload");
        try
        {
            await CommandAsync("Restart-OpsService", "mysql", "-Confirm:$false");
            await host.ExecuteAsync("systemctl kill -s KILL mariadb && for try in $(seq 100); do systemctl is-active -q mariadb || exit 0; sleep 0.1; done; exit 1");
            Assert.Equal(2, (await ConsoleRun.OfAsync(stack, environment, "Get-ServiceHealth", "mysql,app")).ExitCode);

            await CommandAsync(
                "Start-Incident", "Database connection lost", "SEV1", "-DetectedBy", "alert DatabaseDown", "-Service", "mysql", "-Impact", "Nobody can log in", "-ImpactRadius", "all customers", "-ExpectedDuration", "15m");
            await CommandAsync("Add-IncidentEntry", "Acknowledged by on-call engineer", "-Milestone", "Acknowledged");
            await CommandAsync("Send-IncidentUpdate", "The database does not answer; we are looking.", "-NextUpdate", "30m");
            await CommandAsync("Add-IncidentEntry", "Root cause identified: MySQL service crashed", "-Milestone", "Identified");
            await CommandAsync("Start-OpsService", "mysql", "-Confirm:$false", "-Reason", "database is down, password=hunter2");
            // A busy machine may answer late, which is a warning.
            for (var attempt = 0; (await ConsoleRun.OfAsync(stack, environment, "Get-ServiceHealth", "mysql,app")).ExitCode > 1; attempt++)
            {
                Assert.True(attempt < 60, "The application does not find its database again.");
            }

            await CommandAsync("Add-IncidentEntry", "Service recovered", "-Milestone", "Mitigated");
            await CommandAsync(
                "Stop-Incident", "-Text", "All checks passing", "-RootCause", "MySQL crashed due to OOM kill (memory pressure)", "-Fix", "Increased memory limit, enabled memory monitor",
                "-Prevention", "An alert before memory runs out", "-ActionItem", "Add memory metric to dashboard,Add alert for memory pressure");
            await CommandAsync("Restart-OpsService", "mysql", "-Confirm:$false");

            using var incidents = JsonDocument.Parse(await CommandAsync("Get-Incident", "-OutputFormat", "Json"));
            var incident = incidents.RootElement.EnumerateArray().Single();
            Assert.Equal("Resolved", incident.GetProperty("Status").GetString());
            Assert.All((string[])["TimeToAcknowledge", "TimeToMitigate", "TimeToResolve"], time => Assert.NotEqual(JsonValueKind.Null, incident.GetProperty(time).ValueKind));

            using var changes = JsonDocument.Parse(await CommandAsync("Get-OpsJournal", "mysql", "-Incident", incident.GetProperty("Id").GetString()!, "-OutputFormat", "Json"));
            Assert.Equal("Start", changes.RootElement.EnumerateArray().Single().GetProperty("Action").GetString());

            var document = await CommandAsync("Export-Incident", "-Id", incident.GetProperty("Id").GetString()!);
            string[] timeline =
            [
                "alert DatabaseDown: Database connection lost", "Acknowledged by on-call engineer", "Update on chat: The database does not answer", "Root cause identified: MySQL service crashed",
                "Start mysql on panel: Succeeded", "Service recovered", "All checks passing",
            ];
            Assert.Equal(timeline, document.Split('\n').Where(line => line.StartsWith("- ", StringComparison.Ordinal)).Select(line => Array.Find(timeline, part => line.Contains($" - {part}", StringComparison.Ordinal))).Where(part => part is not null));
            Assert.Contains("- Service affected: mysql\n", document, StringComparison.Ordinal);
            Assert.Contains("## Root cause\n\nMySQL crashed due to OOM kill (memory pressure)\n", document, StringComparison.Ordinal);
            Assert.Contains("- [ ] Add alert for memory pressure\n", document, StringComparison.Ordinal);
            Assert.Contains("INCIDENT NOTIFICATION", Assert.Single(chat.Posts).Body, StringComparison.Ordinal);
            Assert.Equal(0L, await shared.ExecuteAsync("SELECT count(*) FROM opsrunbook.journal WHERE record::text LIKE '%hunter2%'", database));
        }
        finally
        {
            await host.ExecuteAsync("rm -r /run/systemd/system/mariadb.service.d && systemctl daemon-reload && systemctl start mariadb");
        }

        async Task<string> CommandAsync(params string[] arguments)
        {
            var run = await ConsoleRun.OfAsync(stack, environment, arguments);
            run.AssertSucceeded();
            return run.Output;
        }
    }
}
