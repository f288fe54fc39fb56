using System.Text;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Services;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Engine.WebServer;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.WebServer;

/// <summary>What a real nginx says about its configuration, and what is in effect in it.</summary>
public sealed class WebServerConfigTests
{
    private const string Sockets = """
        map $http_upgrade $connection_upgrade { default upgrade; '' close; }
        upstream backend { server 127.0.0.1:3001; server 127.0.0.1:3002 down; server unix:/run/app.sock backup; }
        proxy_read_timeout 2m;
        proxy_set_header Host $host;
        server {
          listen 127.0.0.1:PORT;
          server_name "shop.test" www.shop.test;
          proxy_http_version 1.1;
          proxy_set_header Upgrade $http_upgrade;
          proxy_set_header Connection $connection_upgrade;
          location /api/ { proxy_pass http://backend; proxy_connect_timeout 500ms; }
          location /ws { proxy_pass http://backend; proxy_read_timeout 1h; }
          location /socket.io/ { proxy_pass http://backend; proxy_set_header X-Real-IP $remote_addr; }
          location = /live { proxy_pass http://127.0.0.1:9; proxy_set_header Upgrade websocket; proxy_set_header Connection "upgrade"; proxy_read_timeout 300s; }
          location ~* \.(css|js)$ { root /srv; location ~ ^/generated { proxy_pass http://backend; } }
          location @late { proxy_pass http://backend; proxy_http_version 1.0; }
        }
        """;

    [SkippableFact]
    public async Task Sites_upstreams_timeouts_and_headers_are_those_in_effect()
    {
        await using var nginx = await Servers.NewNginxAsync(server => Sockets.Replace("PORT", $"{server.Port}", StringComparison.Ordinal));

        var config = await LookAsync(nginx.ConfigFile);

        Assert.True(config.IsValid, config.Message);
        Assert.Equal(HealthStatus.Warning, config.Status);
        Assert.Matches(@"^\d+\.\d+\.\d+$", config.Version);
        var site = Assert.Single(config.Sites);
        Assert.Equal(("shop.test", 2, false), (site.Name, site.ServerNames.Count, site.IsTls));
        Assert.Equal(
            [("/api/", 500.0, 120.0, true), ("/ws", 60_000.0, 3600.0, true), ("/socket.io/", 60_000.0, 120.0, false), ("= /live", 60_000.0, 300.0, true), ("~ ^/generated", 60_000.0, 120.0, true), ("@late", 60_000.0, 120.0, false)],
            site.Locations.Select(location => (location.Path, location.ConnectTimeout.TotalMilliseconds, location.ReadTimeout.TotalSeconds, location.PassesWebSocket)));
        var upstream = Assert.Single(config.Upstreams);
        Assert.Equal((HealthStatus.Warning, "backend", "127.0.0.1:3001, 127.0.0.1:3002 down, unix:/run/app.sock"), (upstream.Status, upstream.Name, string.Join(", ", upstream.Servers)));
        var findings = config.Findings.Select(finding => (finding.Rule, Text: LineOf(finding))).ToList();
        Assert.Equal(["UpstreamDown", "WebSocketHeaders", "WebSocketTimeout"], findings.Select(finding => finding.Rule).Order());
        Assert.All(findings.Where(finding => finding.Rule.StartsWith("WebSocket", StringComparison.Ordinal)), finding => Assert.Contains("/socket.io/", finding.Text, StringComparison.Ordinal));
        Assert.Contains("proxy_set_header Upgrade $http_upgrade, proxy_set_header Connection \"upgrade\" are missing", config.Findings.Single(finding => finding.Rule == "WebSocketHeaders").Message, StringComparison.Ordinal);

        // The files are those that nginx itself reads.
        await using var host = new LocalHost();
        var dump = await host.RunAsync(NginxTest.Command("-T", "-q", "-c", nginx.ConfigFile), default);
        Assert.Equal(dump.StandardOutput.Split('\n').Count(line => line.StartsWith("# configuration file ", StringComparison.Ordinal)), config.Files.Count);
    }

    [SkippableFact]
    public async Task A_path_that_is_named_is_looked_at_where_nginx_would_take_it()
    {
        await using var nginx = await Servers.NewNginxAsync(server => Sockets.Replace("PORT", $"{server.Port}", StringComparison.Ordinal));

        var config = await LookAsync(nginx.ConfigFile, ["/live", "/generated.js", "/nowhere"]);

        Assert.Contains(config.Findings, finding => finding.Rule == "WebSocketPath" && finding.Message.Contains("/nowhere", StringComparison.Ordinal));
        Assert.Contains(config.Findings, finding => finding.Rule == "WebSocketTimeout" && finding.Message.Contains("^/generated", StringComparison.Ordinal));
        Assert.DoesNotContain(config.Findings, finding => finding.Message.Contains("/live", StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task The_timeout_that_the_stack_file_wants_is_compared()
    {
        await using var nginx = await Servers.NewNginxAsync(server => Sockets.Replace("PORT", $"{server.Port}", StringComparison.Ordinal));

        var config = await LookAsync(nginx.ConfigFile, proxyTimeout: TimeSpan.FromMinutes(2));

        Assert.Empty(config.Findings.Where(finding => finding.Rule is "ProxyTimeout" or "WebSocketTimeout").Select(finding => finding.Message));
        Assert.Equal(3, (await LookAsync(nginx.ConfigFile, proxyTimeout: TimeSpan.FromMinutes(4))).Findings.Count(finding => finding.Rule == "ProxyTimeout"));
    }

    [SkippableFact]
    public async Task Certificates_are_named_and_each_one_that_is_missing()
    {
        await using var nginx = await Servers.NewNginxAsync();
        var good = await LookAsync(nginx.ConfigFile);
        Assert.Equal((HealthStatus.Healthy, true, nginx.Folder + "/cert.pem", nginx.Folder + "/key.pem"), (good.Status, good.Sites[0].IsTls, good.Sites[0].Certificates[0], good.Sites[0].CertificateKeys[0]));

        // Relative to the folder of the main file, as nginx has it.
        var text = await File.ReadAllTextAsync(nginx.ConfigFile);
        await File.WriteAllTextAsync(nginx.ConfigFile, text.Replace($"ssl_certificate {nginx.Folder}/cert.pem", "ssl_certificate gone.pem", StringComparison.Ordinal).Replace("key.pem", "gone.key", StringComparison.Ordinal));
        var config = await LookAsync(nginx.ConfigFile);

        Assert.Equal((HealthStatus.Critical, false), (config.Status, config.IsValid));
        Assert.Equal(LineNumber(nginx.ConfigFile, "gone.pem"), config.ErrorLine);
        Assert.Equal(nginx.ConfigFile, config.ErrorFile);
        Assert.Equal([$"Certificate {nginx.Folder}/gone.pem does not exist.", $"Key {nginx.Folder}/gone.key does not exist."], config.Findings.Where(finding => finding.Rule == "CertificateMissing").Select(finding => finding.Message));
    }

    [SkippableTheory]
    [InlineData("http {\n  server {\n    lissten 80;\n  }\n}\nevents { }\n", 3, "unknown directive \"lissten\"")]
    [InlineData("events { }\nhttp {\n  include missing.conf;\n}\n", 3, "No such file or directory")]
    [InlineData("events { }\nhttp {\n  server { listen 8080\n}\n", 4, "unexpected \"}\"")]
    [InlineData("events { }\nhttp {\n  server { }\n} }\n", 4, "unexpected \"}\"")]
    [InlineData("\uFEFFevents { }\nhttp { }\n", 1, "byte order mark")]
    [InlineData("events { }\r\nhttp {\r\n  server_name 'a;\r\n}\r\n", 5, "unexpected end of file")]
    public async Task What_nginx_refuses_is_named_with_file_and_line(string text, int line, string cause)
    {
        await Servers.NginxAsync();
        using var folder = new Tests.Stacks.TemporaryFolder();
        var file = folder.Write("nginx.conf", text);

        var config = await LookAsync(file);

        Assert.Equal((HealthStatus.Critical, false, file, line), (config.Status, config.IsValid, config.ErrorFile, config.ErrorLine));
        Assert.Contains(cause, config.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_file_that_is_not_there_and_files_that_include_each_other_are_said()
    {
        await Servers.NginxAsync();
        using var folder = new Tests.Stacks.TemporaryFolder();

        var missing = await LookAsync(Path.Combine(folder.Path, "nginx.conf"));
        Assert.Equal((HealthStatus.Critical, false), (missing.Status, missing.IsValid));
        Assert.Contains("No such file", missing.Message, StringComparison.Ordinal);

        var file = folder.Write("nginx.conf", "events { }\ninclude nginx.conf;\n");
        var output = new RecordedOutput();
        await InspectAsync(file, [], null, output);
        Assert.Equal("WebServer.ConfigTooLarge", Assert.Single(output.Errors).Id);
    }

    [SkippableFact]
    public async Task A_user_who_may_not_have_it_tested_gets_Unknown_and_no_verdict()
    {
        await using var nginx = await Servers.NewNginxAsync();
        await using var host = new LocalHost();
        var result = await host.RunAsync(new HostCommand("setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", "sh", "-c", "PATH=$PATH:/usr/sbin nginx -t -q -c \"$1\"", "sh", nginx.ConfigFile), default);

        var verdict = NginxVerdict.Of(result);

        Assert.Null(verdict.IsValid);
        Assert.Contains("Permission denied", verdict.Error!.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_without_nginx_and_a_server_that_is_not_nginx_are_errors()
    {
        var output = new RecordedOutput();
        await using var session = new StackSession(new OpsStack { Name = "shop", WebServers = { ["caddy"] = new StackWebServer { Engine = "caddy" } } });

        await new WebServerInspector(session, [], output).RunAsync(["caddy", "wbe"], default);

        Assert.Equal(["WebServer.MemberNotFound", "WebServer.Unsupported"], output.Errors.Select(error => error.Id).Order());
        Assert.Equal("WebServer.MemberNotFound", (await Assert.ThrowsAsync<OpsException>(() => new WebServerInspector(session, [], output).RunAsync([], default))).Id);
    }

    [Fact]
    public void Every_way_to_write_a_directive_is_understood()
    {
        const string text = "http{server{listen 80;server_name \"a b\" 'c\\'d' e\\ f ${x}.test;# }\nlocation ~ \"^/x{2}\"{proxy_pass http://u;}location /l{content_by_lua_block{ ngx.say(\"} location /no { proxy_pass http://no; }\") }}}}";

        var report = Report(text);

        var site = Assert.Single(report.Sites);
        Assert.Equal(["a b", "c'd", "e\\ f", "${x}.test"], site.ServerNames);
        Assert.Equal("~ ^/x{2}", Assert.Single(site.Locations).Path);
        Assert.Equal(2, site.Locations[0].Line);
    }

    [Theory]
    [InlineData("60", 60_000L)]
    [InlineData("60s", 60_000L)]
    [InlineData("500ms", 500L)]
    [InlineData("1h30m", 5_400_000L)]
    [InlineData("1d 2h", 93_600_000L)]
    [InlineData("2M", 5_184_000_000L)]
    [InlineData("", null)]
    [InlineData("$time", null)]
    [InlineData("5x", null)]
    public void Times_are_those_of_nginx(string text, long? milliseconds) => Assert.Equal(milliseconds, (long?)ProxyScope.ParseTime(text)?.TotalMilliseconds);

    [Fact]
    public void Broken_texts_never_end_in_a_crash()
    {
        var random = new Random(7);
        var source = Sockets.Replace("PORT", "80", StringComparison.Ordinal) + " location = /x { content_by_lua_block { [==[ ]] ]==] \"\\\"\" -- } \n } }";
        for (var round = 0; round < 3000; round++)
        {
            var text = new StringBuilder("http { " + source + " }");
            for (var edit = random.Next(1, 8); edit > 0; edit--)
            {
                var at = random.Next(text.Length);
                _ = random.Next(3) switch
                {
                    0 => text.Remove(at, Math.Min(random.Next(1, 40), text.Length - at)),
                    1 => text.Insert(at, "{};\"'\\#\n$"[random.Next(9)]),
                    _ => text.Insert(at, (char)random.Next(1, 256)),
                };
            }

            var broken = text.ToString();
            Report(broken);
            var edited = MaintenanceMark.Remove(broken, "shop/web");
            Assert.Equal(broken, edited);
        }

        Report(string.Concat(Enumerable.Repeat("http { server { location / {", 20_000)));
    }

    private static WebServerConfig Report(string text) =>
        new WebServerReport(NginxConfiguration.Parse("/f", text), "/", null, ["/ws"]).ToConfig("web", "local", "shop", "/f", null, null);

    private static async Task<WebServerConfig> LookAsync(string file, string[]? webSocketPaths = null, TimeSpan? proxyTimeout = null)
    {
        var output = new RecordedOutput();
        await InspectAsync(file, webSocketPaths ?? [], proxyTimeout, output);
        Assert.Empty(output.Errors.Select(error => error.FullMessage));
        return Assert.IsType<WebServerConfig>(Assert.Single(output.Items));
    }

    private static async Task InspectAsync(string file, string[] webSocketPaths, TimeSpan? proxyTimeout, RecordedOutput output)
    {
        await using var session = new StackSession(new OpsStack { Name = "shop", WebServers = { ["web"] = new StackWebServer { Config = file, ProxyTimeout = proxyTimeout } } });
        await new WebServerInspector(session, webSocketPaths, output).RunAsync([], default);
    }

    private static string LineOf(WebServerFinding finding) => File.ReadAllLines(finding.File!)[finding.Line!.Value - 1];

    private static int LineNumber(string file, string text) => Array.FindIndex(File.ReadAllLines(file), line => line.Contains(text, StringComparison.Ordinal)) + 1;
}
