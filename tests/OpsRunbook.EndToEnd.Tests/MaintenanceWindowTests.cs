using System.Net;
using System.Text.Json;

namespace OpsRunbook.EndToEnd.Tests;

/// <summary>
/// The maintenance window of a runbook, played on real servers under live traffic: notify, backup, maintenance page, stop, vacuum, migrate, start,
/// verify, watch, and tell that it is over.
/// </summary>
[Collection("Stacks")]
public sealed class MaintenanceWindowTests
{
    private const string App = "vendhub-api";

    [SkippableFact]
    public async Task The_maintenance_window_of_the_runbook()
    {
        var pm2 = await Servers.Pm2Async();
        var postgreSql = await Servers.PostgreSqlAsync();
        var database = await postgreSql.CreateDatabaseAsync();
        await postgreSql.ExecuteAsync("CREATE TABLE machine (id int PRIMARY KEY, name text); INSERT INTO machine SELECT n, 'm' || n FROM generate_series(1, 1000) n; DELETE FROM machine WHERE id > 500", database);
        await using var alertmanager = await Servers.NewAlertmanagerAsync();
        await using var telegram = new WebhookReceiver();
        await using var mail = new SmtpSink();
        var port = TestRun.FreePort();
        await pm2.StartAppAsync(App, port);
        await using var nginx = await Servers.NewNginxAsync(server => $$"""
            upstream api { server 127.0.0.1:{{port}} max_fails=0; }
            server { listen 127.0.0.1:{{server.Port}}; server_name vendhub.test; location / { proxy_pass http://api; } }
            """);
        var page = Path.Combine(nginx.Folder, "maintenance.html");
        await File.WriteAllTextAsync(page, "<h1>VendHub is in maintenance</h1>");
        var configuration = await File.ReadAllTextAsync(nginx.ConfigFile);
        await alertmanager.FireAsync(new Dictionary<string, string> { ["alertname"] = "APIDown", ["stack"] = "vendhub" });
        await alertmanager.FireAsync(new Dictionary<string, string> { ["alertname"] = "Other", ["stack"] = "somebody-else" });

        var backups = TestRun.NewFolder("backups");
        var environment = new Dictionary<string, string> { ["OPSRUNBOOK_STATE"] = TestRun.NewFolder("state"), ["VENDHUB_DB_PASSWORD"] = postgreSql.Password };
        Task<ToolResult> Run(params string[] arguments) => ConsoleRun.OfAsync($$"""
            stack: vendhub
            services:
              api: { manager: pm2, unit: {{App}}, ports: [{{port}}], health: { url: "http://localhost:{{port}}/health", status: 200, timeout: 20s } }
            databases:
              db: { engine: postgres, server: 127.0.0.1, port: {{postgreSql.Port}}, database: {{database}}, user: postgres, password: "${env:VENDHUB_DB_PASSWORD}", tls: verify-full, tlsCa: {{postgreSql.TlsCaFile}}, timeout: 20s }
            webServers:
              nginx: { config: {{nginx.ConfigFile}} }
            monitoring: { alertmanager: "{{alertmanager.Url}}" }
            backups: { db: { database: db, directory: {{backups}} } }
            announce:
              telegram: { kind: telegram, url: "{{telegram.Url}}", token: s3cret-token, channel: "@vendhub" }
              mail: { kind: smtp, server: 127.0.0.1, port: {{mail.Port}}, from: ops@vendhub.test, to: [users@vendhub.test] }
            maintenance:
              notice: 1d
              announce: [telegram, mail]
              backups: db
              maintenanceMode: nginx
              page: {{page}}
              stop: api
              record: [current commit, so that it can be returned to]
              smokeTests:
                - { name: health, url: "http://localhost:{{port}}/health", status: 200, timeout: 20s }
              watch: 2s
              watchEvery: 500ms
            {{TestThresholds.Yaml}}
            """, environment, arguments);

        // 1 day before, or as here a little less: users are told.
        var planned = await Run("Start-MaintenanceWindow", "Release 2.4", "-At", DateTime.UtcNow.AddSeconds(50).ToString("O"), "-TimeZone", "Asia/Tashkent", "-For", "30m", "-Confirm:false", "-OutputFormat", "Json");
        planned.AssertSucceeded();
        var id = JsonDocument.Parse(planned.Output).RootElement[0].GetProperty("Id").GetString()!;
        Assert.Contains("1d before", planned.Error, StringComparison.Ordinal);
        Assert.Single(telegram.Posts, post => post.Body.Contains("Planned maintenance", StringComparison.Ordinal) && post.Body.Contains("Asia/Tashkent", StringComparison.Ordinal));
        Assert.Single(mail.Mails, text => text.Contains("Planned maintenance", StringComparison.Ordinal));

        await using var traffic = new Traffic(nginx.Url + "health");
        await traffic.SeenAsync(HttpStatusCode.OK, 20);
        var started = await Run("Start-MaintenanceWindow", "-Id", id, "-Confirm:false");
        started.AssertSucceeded();
        Assert.Contains("Open", started.Output, StringComparison.Ordinal);
        await traffic.SeenAsync(HttpStatusCode.ServiceUnavailable, 20);
        using (var client = new HttpClient())
        {
            using var answer = await client.GetAsync(new Uri(nginx.Url));
            Assert.Contains("VendHub is in maintenance", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            Assert.InRange(answer.Headers.RetryAfter!.Delta!.Value, TimeSpan.FromMinutes(20), TimeSpan.FromMinutes(40));
        }

        var alerts = await Run("Get-Alert", "-OutputFormat", "Json");
        Assert.Equal("silenced", StateOf(alerts.Output, "APIDown"));
        Assert.Equal("firing", StateOf(alerts.Output, "Other"));
        var health = await Run("Get-ServiceHealth", "-Kind", "Maintenance", "-OutputFormat", "Json");
        Assert.Contains("Release 2.4", health.Output, StringComparison.Ordinal);

        var sets = await Run("Get-DbBackup", "-OutputFormat", "Json");
        Assert.Equal("Restore", JsonDocument.Parse(sets.Output).RootElement.EnumerateArray().Single().GetProperty("Verified").GetString());

        // The work itself.
        (await Run("Invoke-DbMaintenance", "db", "-Operation", "Vacuum,Analyze", "-Confirm:false")).AssertSucceeded();
        await postgreSql.ExecuteAsync("ALTER TABLE machine ADD COLUMN serial text", database);

        var stopped = await Run("Stop-MaintenanceWindow", "-OutputFormat", "Json");
        stopped.AssertSucceeded();
        var window = JsonDocument.Parse(stopped.Output).RootElement[0];
        Assert.Equal("Closed", window.GetProperty("State").GetString());
        Assert.Equal(0, window.GetProperty("Findings").GetArrayLength());
        Assert.All(window.GetProperty("Steps").EnumerateArray(), step => Assert.NotEqual("Failed", step.GetProperty("State").GetString()));
        await traffic.SeenAsync(HttpStatusCode.OK, 20);
        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.ServiceUnavailable], await traffic.StopAsync());

        Assert.Equal(configuration, await File.ReadAllTextAsync(nginx.ConfigFile));
        Assert.Equal("firing", StateOf((await Run("Get-Alert", "-OutputFormat", "Json")).Output, "APIDown"));
        Assert.Equal(["Planned maintenance", "begins", "is over"], (string[])[.. telegram.Posts.Select(post => Told(post.Body))]);
        Assert.Equal(3, mail.Mails.Count);
        var journal = await Run("Get-OpsJournal", "-Window", id, "-OutputFormat", "Json");
        Assert.Contains("Vacuum", journal.Output, StringComparison.Ordinal);
        Assert.Contains("Enable maintenance mode", journal.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", journal.Output + started.Output + started.Error + stopped.Output, StringComparison.Ordinal);
        await pm2.ExecuteAsync("delete", App);
    }

    private static string Told(string body) => Array.Find((string[])["Planned maintenance", "begins", "is over"], word => body.Contains(word, StringComparison.Ordinal)) ?? body;

    private static string? StateOf(string alerts, string name) =>
        JsonDocument.Parse(alerts).RootElement.EnumerateArray().Single(alert => alert.GetProperty("Name").GetString() == name).GetProperty("State").GetString();

    /// <summary>Visitors who come all the time; every answer counts.</summary>
    private sealed class Traffic : IAsyncDisposable
    {
        private readonly HttpClient _client = new() { Timeout = TimeSpan.FromSeconds(20) };
        private readonly CancellationTokenSource _stop = new();
        private readonly Dictionary<HttpStatusCode, int> _answers = [];
        private readonly Task _visits;

        public Traffic(string url) => _visits = Task.WhenAll(Enumerable.Range(0, 4).Select(_ => VisitAsync(new Uri(url))));

        /// <summary>Waits until an answer has come so many more times.</summary>
        public async Task SeenAsync(HttpStatusCode status, int times)
        {
            var wanted = Count(status) + times;
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            while (Count(status) < wanted)
            {
                await Task.Delay(20, limit.Token);
            }
        }

        /// <summary>Ends the visits.</summary>
        /// <returns>The answers that there were.</returns>
        public async Task<IEnumerable<HttpStatusCode>> StopAsync()
        {
            await _stop.CancelAsync();
            await _visits;
            return _answers.Keys.Order();
        }

        public async ValueTask DisposeAsync()
        {
            await StopAsync();
            _client.Dispose();
            _stop.Dispose();
        }

        private int Count(HttpStatusCode status)
        {
            lock (_answers)
            {
                return _answers.GetValueOrDefault(status);
            }
        }

        private async Task VisitAsync(Uri url)
        {
            while (!_stop.IsCancellationRequested)
            {
                using var answer = await _client.GetAsync(url);
                lock (_answers)
                {
                    _answers[answer.StatusCode] = _answers.GetValueOrDefault(answer.StatusCode) + 1;
                }

                await Task.Delay(10);
            }
        }
    }
}
