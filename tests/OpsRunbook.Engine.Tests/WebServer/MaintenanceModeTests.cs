using System.Globalization;
using System.Net;
using System.Text;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.Services;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Engine.Tests.Safety;
using OpsRunbook.Engine.Tests.Services;
using OpsRunbook.Engine.WebServer;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.WebServer;

/// <summary>Maintenance mode on an nginx that serves.</summary>
[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class MaintenanceModeTests
{
    private const int WantedRequests = 2000;

    [SkippableFact]
    public async Task Under_constant_load_every_answer_is_the_applications_or_the_intended_503()
    {
        await using var app = await Servers.NewAppAsync();
        await using var nginx = await Servers.NewNginxAsync(server => Sites(server, app.Port));
        var before = await File.ReadAllBytesAsync(nginx.ConfigFile);
        await using var run = new Maintenance(nginx);
        await using var load = new ConstantLoad(nginx.Url) { IsIntended = IsMaintenance };

        for (var round = 0; round < 3; round++)
        {
            await load.AdvanceAsync(300);
            var intended = load.Intended;
            var enabled = await run.EnableAsync();
            Assert.True(enabled!.IsEnabled && enabled.Changed, enabled.Message);

            // In force when it returns, for those who come from now on.
            Assert.Equal(HttpStatusCode.ServiceUnavailable, (await GetAsync(nginx)).StatusCode);
            await load.UntilIntendedAsync(intended + 300);
            var disabled = await run.DisableAsync();
            Assert.True(disabled!.Changed && !disabled.IsEnabled, disabled.Message);
            Assert.Equal(HttpStatusCode.OK, (await GetAsync(nginx)).StatusCode);
        }

        // And reloads by somebody else meanwhile.
        await run.EnableAsync();
        await ReloadAsync(nginx);
        await load.UntilIntendedAsync(load.Intended + 300);
        await run.DisableAsync();
        await load.AdvanceAsync(Math.Max(300, WantedRequests - load.Succeeded));
        await load.StopAsync();

        Assert.Empty(load.Failures);
        Assert.True(load.Succeeded >= WantedRequests, $"{load.Succeeded}");
        Assert.True(load.Intended >= 1200, $"{load.Intended}");
        Assert.Equal(before, await File.ReadAllBytesAsync(nginx.ConfigFile));
    }

    [SkippableFact]
    public async Task Visitors_get_the_page_and_those_who_are_let_in_the_site()
    {
        await using var app = await Servers.NewAppAsync();
        await using var nginx = await Servers.NewNginxAsync(server => Sites(server, app.Port));
        var page = Path.Combine(nginx.Folder, "away $1.html");
        await File.WriteAllTextAsync(page, "<h1>back at 10 €</h1>");
        await using var run = new Maintenance(nginx);

        await run.EnableAsync(new MaintenanceRequest { Allow = ["127.0.0.2"], OpenPaths = ["/health", "/.well-known/acme-challenge/*", "/fallback"], RetryAfter = TimeSpan.FromMinutes(30) });
        foreach (var method in (string[])["GET", "POST", "DELETE", "OPTIONS"])
        {
            var answer = await GetAsync(nginx, "anything?a=b", method: method);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
            Assert.Equal(TimeSpan.FromMinutes(30), answer.Headers.RetryAfter?.Delta);
            Assert.Equal("text/html; charset=utf-8", answer.Content.Headers.ContentType?.ToString());
            Assert.Equal("no-store", answer.Headers.CacheControl?.ToString());
            Assert.Contains("Maintenance", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        // Not even where the site itself answers before any location does, or where our own path is guessed.
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await GetAsync(nginx, host: "old.test")).StatusCode);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await GetAsync(nginx, "secret/")).StatusCode);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await GetAsync(nginx, "health/../")).StatusCode);
        Assert.NotEqual(HttpStatusCode.OK, (await GetAsync(nginx, ".opsrunbook-maintenance/")).StatusCode);
        Assert.NotEqual(HttpStatusCode.OK, (await GetAsync(nginx, ".opsrunbook-maintenance/anything")).StatusCode);

        // A path that is open stays so when the site sends the request on to another one that is not.
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(nginx, "health")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(nginx, "fallback")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(nginx, ".well-known/acme-challenge/x")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(nginx, from: "127.0.0.2")).StatusCode);
        Assert.Equal(HttpStatusCode.MovedPermanently, (await GetAsync(nginx, host: "old.test", from: "127.0.0.2")).StatusCode);

        // Other settings replace those before, without a moment of the old site.
        Assert.Equal("Maintenance.ParameterInvalid", (await Assert.ThrowsAsync<OpsException>(() => run.EnableAsync(new MaintenanceRequest { Page = page }))).Id);
        File.Move(page, page = Path.Combine(nginx.Folder, "away \" 1.html"));
        var changed = await run.EnableAsync(new MaintenanceRequest { Page = page });
        Assert.True(changed!.Changed);
        foreach (var (path, host) in (IEnumerable<(string, string)>)[("wait?ms=0", "shop.test"), ("health", "shop.test"), ("secret/", "shop.test"), ("x", "old.test")])
        {
            var answer = await GetAsync(nginx, path, method: "POST", host: host);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
            Assert.Equal("<h1>back at 10 €</h1>", await answer.Content.ReadAsStringAsync());
            Assert.Equal(TimeSpan.FromMinutes(10), answer.Headers.RetryAfter?.Delta);
        }

        // A page that has gone meanwhile does not make it anything but a 503.
        File.Delete(page);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await GetAsync(nginx, method: "PUT")).StatusCode);
        Assert.Contains("Maintenance", await (await GetAsync(nginx)).Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal("Maintenance.PageMissing", (await Assert.ThrowsAsync<OpsException>(() => run.EnableAsync(new MaintenanceRequest { Page = page }))).Id);
    }

    [SkippableFact]
    public async Task One_site_is_closed_and_the_others_go_on()
    {
        await using var app = await Servers.NewAppAsync();
        await using var nginx = await Servers.NewNginxAsync(server => Sites(server, app.Port));
        var before = await File.ReadAllBytesAsync(nginx.ConfigFile);
        await using var run = new Maintenance(nginx);

        var enabled = await run.EnableAsync(new MaintenanceRequest { Sites = ["shop.*", "nobody.test"] });
        var error = Assert.Single(run.Output.Errors);
        Assert.Equal("Maintenance.SiteNotFound", error.Id);
        Assert.Equal(["shop.test"], enabled!.Sites);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await GetAsync(nginx)).StatusCode);
        Assert.Equal(HttpStatusCode.MovedPermanently, (await GetAsync(nginx, host: "old.test")).StatusCode);

        Assert.False((await run.DisableAsync("old.test"))!.Changed);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await GetAsync(nginx)).StatusCode);

        // What Enable returns is what Disable needs.
        var disabled = await run.DisableAsync([.. enabled.Sites]);
        Assert.Equal((true, false), (disabled!.Changed, disabled.IsEnabled));
        Assert.Equal(before, await File.ReadAllBytesAsync(nginx.ConfigFile));
    }

    [SkippableFact]
    public async Task Twice_on_and_twice_off_do_no_harm_and_everything_is_recorded()
    {
        await using var nginx = await Servers.NewNginxAsync(server => Sites(server, 1));
        var before = await File.ReadAllBytesAsync(nginx.ConfigFile);
        await using var run = new Maintenance(nginx);

        var never = await run.DisableAsync();
        Assert.Equal((false, false, HealthStatus.Healthy), (never!.Changed, never.IsEnabled, never.Status));
        Assert.Contains("was not on", never.Message, StringComparison.Ordinal);
        Assert.Empty(run.Journal.Records);

        var first = await run.EnableAsync();
        var closed = await File.ReadAllBytesAsync(nginx.ConfigFile);
        var second = await run.EnableAsync();
        Assert.Equal((true, false), (first!.Changed, second!.Changed));
        Assert.Contains("already", second.Message, StringComparison.Ordinal);
        Assert.Equal(closed, await File.ReadAllBytesAsync(nginx.ConfigFile));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await GetAsync(nginx)).StatusCode);

        Assert.True((await run.DisableAsync())!.Changed);
        Assert.False((await run.DisableAsync())!.Changed);
        Assert.Equal(before, await File.ReadAllBytesAsync(nginx.ConfigFile));
        Assert.Equal(6, run.Journal.Records.Count);
        Assert.All(run.Journal.Records.Where(record => record.Phase == JournalPhase.Ended), record => Assert.Equal(JournalOutcome.Succeeded, record.Outcome));
    }

    [SkippableFact]
    public async Task Under_WhatIf_the_plan_has_the_lines_and_nothing_is_done()
    {
        await using var nginx = await Servers.NewNginxAsync(server => Sites(server, 1));
        var before = await File.ReadAllBytesAsync(nginx.ConfigFile);
        await using var planned = new Maintenance(nginx, whatIf: true);
        await using var run = new Maintenance(nginx);

        Assert.Null(await planned.EnableAsync());
        Assert.Equal(before, await File.ReadAllBytesAsync(nginx.ConfigFile));
        Assert.Empty(planned.Journal.Records);
        var steps = planned.Output.Items.Cast<OpsPlanStep>().ToList();
        Assert.Equal(["web: shop.test", "web: old.test", "web"], steps.Select(step => step.Target));
        Assert.StartsWith(nginx.ConfigFile + ":", steps[0].Detail, StringComparison.Ordinal);
        Assert.Contains("\n+ if ($opsrunbook_", steps[0].Detail, StringComparison.Ordinal);

        await run.EnableAsync();
        var closed = await File.ReadAllBytesAsync(nginx.ConfigFile);
        Assert.Null(await planned.DisableAsync());
        Assert.Equal(closed, await File.ReadAllBytesAsync(nginx.ConfigFile));
        Assert.Contains("\n- if ($opsrunbook_", planned.Output.Items.Cast<OpsPlanStep>().ElementAt(3).Detail, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task What_nginx_does_not_accept_is_refused_before_and_put_back_after()
    {
        await using var nginx = await Servers.NewNginxAsync(server => Sites(server, 1));
        var good = await File.ReadAllTextAsync(nginx.ConfigFile);
        await using var run = new Maintenance(nginx);

        await File.WriteAllTextAsync(nginx.ConfigFile, good + "nonsense;\n");
        var error = await Assert.ThrowsAsync<OpsException>(() => run.EnableAsync());
        Assert.Equal("Maintenance.WebServerInvalid", error.Id);
        Assert.Contains($"{nginx.ConfigFile}:", error.Message, StringComparison.Ordinal);
        Assert.Equal(good + "nonsense;\n", await File.ReadAllTextAsync(nginx.ConfigFile));

        // Valid before, and not with what is added: the site has our location itself.
        var taken = good.Replace("server_name shop.test;", "server_name shop.test; location = /.opsrunbook-maintenance/ { return 200; }", StringComparison.Ordinal);
        await File.WriteAllTextAsync(nginx.ConfigFile, taken);
        error = await Assert.ThrowsAsync<OpsException>(() => run.EnableAsync());
        Assert.Equal("Maintenance.WebServerInvalid", error.Id);
        Assert.Contains("duplicate location", error.Message, StringComparison.Ordinal);
        Assert.Contains("taken back", error.Message, StringComparison.Ordinal);
        Assert.Equal(taken, await File.ReadAllTextAsync(nginx.ConfigFile));
        Assert.Equal(JournalOutcome.Failed, run.Journal.Records[^1].Outcome);

        // A reload that fails: the configuration passes its test, but the port is taken.
        using var holder = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        holder.Start();
        var port = ((IPEndPoint)holder.LocalEndpoint).Port;
        var unfit = good.Replace("server_name shop.test;", string.Create(CultureInfo.InvariantCulture, $"server_name shop.test; listen 127.0.0.1:{port};"), StringComparison.Ordinal);
        await File.WriteAllTextAsync(nginx.ConfigFile, unfit);
        error = await Assert.ThrowsAsync<OpsException>(() => run.EnableAsync());
        Assert.StartsWith("Maintenance.", error.Id, StringComparison.Ordinal);
        Assert.Equal(unfit, await File.ReadAllTextAsync(nginx.ConfigFile));
        Assert.NotEqual(HttpStatusCode.ServiceUnavailable, (await GetAsync(nginx, "health")).StatusCode);
    }

    [SkippableFact]
    public async Task An_edit_by_somebody_else_meanwhile_is_kept_and_one_of_our_lines_is_refused_by_name()
    {
        await using var nginx = await Servers.NewNginxAsync(server => Sites(server, 1));
        var before = await File.ReadAllTextAsync(nginx.ConfigFile);
        await using var run = new Maintenance(nginx);

        await run.EnableAsync();
        var closed = await File.ReadAllTextAsync(nginx.ConfigFile);
        await File.WriteAllTextAsync(nginx.ConfigFile, closed.Replace("server_name old.test;", "server_name old.test older.test;", StringComparison.Ordinal));
        await run.DisableAsync();
        Assert.Equal(before.Replace("server_name old.test;", "server_name old.test older.test;", StringComparison.Ordinal), await File.ReadAllTextAsync(nginx.ConfigFile));

        await run.EnableAsync();
        var edited = (await File.ReadAllTextAsync(nginx.ConfigFile)).Replace("Retry-After 600", "Retry-After 60", StringComparison.Ordinal);
        await File.WriteAllTextAsync(nginx.ConfigFile, edited);
        var error = await Assert.ThrowsAsync<OpsException>(() => run.DisableAsync());
        Assert.Equal("Maintenance.MarkEdited", error.Id);
        Assert.Contains(nginx.ConfigFile, error.Message, StringComparison.Ordinal);
        Assert.Equal(edited, await File.ReadAllTextAsync(nginx.ConfigFile));
    }

    [SkippableFact]
    public async Task Sites_in_several_files_are_closed_together_and_their_files_are_as_they_were()
    {
        await using var nginx = await Servers.NewNginxAsync(server => $"include {server.Folder}/sites/*.conf; server {{ listen 127.0.0.1:{server.Port} default_server; return 200; }}");
        var sites = Path.Combine(nginx.Folder, "sites");
        Directory.CreateDirectory(Path.Combine(sites, "available"));
        for (var site = 0; site < 3; site++)
        {
            await File.WriteAllTextAsync(Path.Combine(sites, "available", $"{site}.conf"), $"server {{\r\n\tlisten 127.0.0.1:{nginx.Port};\r\n\tserver_name s{site}.test;\r\n\treturn 200;\r\n}}");
            File.CreateSymbolicLink(Path.Combine(sites, $"{site}.conf"), Path.Combine("available", $"{site}.conf"));
        }

        await ReloadAsync(nginx);
        var before = Snapshot(nginx.Folder);
        await using var run = new Maintenance(nginx);

        var enabled = await run.EnableAsync(new MaintenanceRequest { Sites = ["s*.test"] });
        Assert.Equal(3, enabled!.Files.Count);
        foreach (var site in (string[])["s0.test", "s1.test", "s2.test"])
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, (await GetAsync(nginx, host: site)).StatusCode);
        }

        Assert.Equal(HttpStatusCode.OK, (await GetAsync(nginx, host: "other.test")).StatusCode);
        await run.DisableAsync();
        Assert.Equal(before, Snapshot(nginx.Folder));
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(nginx, host: "s1.test")).StatusCode);
        Assert.NotNull(new FileInfo(Path.Combine(sites, "0.conf")).LinkTarget);
    }

    [SkippableFact]
    public async Task A_web_server_is_looked_at_and_closed_over_ssh()
    {
        var sshd = await Servers.SshdAsync();
        await using var nginx = await Servers.NewNginxAsync(server => Sites(server, 1));
        var before = await File.ReadAllBytesAsync(nginx.ConfigFile);
        var stack = new OpsStack
        {
            Name = "shop",
            Hosts = { ["app"] = new StackHost { Ssh = sshd.Destination, Identity = sshd.IdentityFile, Options = new Dictionary<string, string>(sshd.Options) } },
            WebServers = { ["web"] = new StackWebServer { Config = nginx.ConfigFile, Host = "app" } },
        };
        await using var run = new Maintenance(stack);

        await run.EnableAsync();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await GetAsync(nginx)).StatusCode);
        var config = await run.LookAsync();
        Assert.Equal(("app", true, "shop/web"), (config.Host, config.IsValid, config.Sites[0].MaintenanceBy));
        Assert.Equal(2, config.Findings.Count(finding => finding.Rule == "MaintenanceMode"));

        await File.AppendAllTextAsync(nginx.ConfigFile, "nonsense;\n");
        Assert.Equal((HealthStatus.Critical, nginx.ConfigFile), ((await run.LookAsync()).Status, (await run.LookAsync()).ErrorFile));
        await File.WriteAllTextAsync(nginx.ConfigFile, (await File.ReadAllTextAsync(nginx.ConfigFile)).Replace("nonsense;\n", string.Empty, StringComparison.Ordinal));

        await run.DisableAsync();
        Assert.Equal(before, await File.ReadAllBytesAsync(nginx.ConfigFile));
    }

    [SkippableFact]
    public async Task A_web_server_in_a_container_is_looked_at_and_closed()
    {
        var docker = await Servers.DockerAsync();
        var image = await docker.ImageOfProgramsAsync("opsrunbook-test/nginx:1", [Tool.Require("nginx", "nginx", "nginx-light"), Tool.Require("busybox", "Docker", "busybox-static")]);
        var (name, port) = (docker.NewName("maintenance"), TestRun.FreePort());
        var folder = TestRun.NewFolder("nginx");
        var file = Path.Combine(folder, "nginx.conf");
        await File.WriteAllTextAsync(file, """
            user root; daemon off; pid /tmp/nginx.pid; error_log /tmp/error.log;
            events { }
            http {
              access_log off; client_body_temp_path /tmp/body; proxy_temp_path /tmp/proxy; fastcgi_temp_path /tmp/fastcgi; uwsgi_temp_path /tmp/uwsgi; scgi_temp_path /tmp/scgi;
              server { listen 80; server_name shop.test; location / { return 200 open; } }
            }

            """);
        var before = await File.ReadAllTextAsync(file);
        await File.WriteAllTextAsync(Path.Combine(folder, "page.html"), "away");
        await docker.RunContainerAsync("--name", name, "--tmpfs", "/tmp", "--publish", $"127.0.0.1:{port}:80", "--volume", $"{folder}:/etc/nginx", image, "nginx", "-c", "/etc/nginx/nginx.conf");
        var stack = new OpsStack
        {
            Name = "shop",
            Hosts = { ["engine"] = new StackHost { Docker = docker.Address } },
            WebServers = { ["web"] = new StackWebServer { Manager = ServiceManagerKind.Docker, Unit = name, Host = "engine", Config = "/etc/nginx/nginx.conf" } },
        };
        await using var run = new Maintenance(stack);
        using var client = new HttpClient();

        await run.EnableAsync(new MaintenanceRequest { Page = "/etc/nginx/page.html" });
        using (var answer = await client.GetAsync(new Uri($"http://127.0.0.1:{port}/")))
        {
            Assert.Equal((HttpStatusCode.ServiceUnavailable, "away"), (answer.StatusCode, await answer.Content.ReadAsStringAsync()));
        }

        var config = await run.LookAsync();
        Assert.Equal((name, true, "shop/web"), (config.Host, config.IsValid, config.Sites[0].MaintenanceBy));
        await run.DisableAsync();
        Assert.Equal("open", await client.GetStringAsync(new Uri($"http://127.0.0.1:{port}/")));
        Assert.Equal(before, await File.ReadAllTextAsync(file));
    }

    [Fact]
    public void Without_a_name_the_stack_file_says_which_web_server_is_meant()
    {
        var stack = new OpsStack { Name = "shop", WebServers = { ["a"] = new StackWebServer(), ["b"] = new StackWebServer { Health = [new StackHealthCheck { Url = "http://localhost/healthz?x" }] }, ["c"] = new StackWebServer { Engine = "caddy" } } };
        Assert.Equal("Maintenance.NameMissing", Assert.Throws<OpsException>(() => MaintenanceMode.Select(stack, [], SilentOutput.Instance)).Id);
        stack.Maintenance = new StackMaintenance { MaintenanceMode = ["b"], Allow = ["10.0.0.1"], RetryAfter = TimeSpan.FromHours(1), Page = "/srv/page.html" };
        Assert.Equal(["b"], MaintenanceMode.Select(stack, [], SilentOutput.Instance));
        Assert.Equal(["a", "c"], MaintenanceMode.Select(stack, ["a", "c"], SilentOutput.Instance));
        var request = MaintenanceMode.DefaultRequest(stack, "b");
        Assert.Equal(("/srv/page.html", TimeSpan.FromHours(1), "10.0.0.1", "/healthz"), (request.Page, request.RetryAfter, request.Allow[0], request.OpenPaths[0]));
    }

    private static async Task ReloadAsync(NginxServer nginx)
    {
        await using var host = new LocalHost();
        Assert.True((await host.RunAsync(NginxTest.Command("-c", nginx.ConfigFile, "-s", "reload"), default)).Succeeded);
    }

    private static string Snapshot(string folder) => string.Join('\n', Directory.EnumerateFiles(folder, "*.conf", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
        .Select(file => file + Encoding.Latin1.GetString(File.ReadAllBytes(file))));

    private static bool IsMaintenance(HttpResponseMessage answer) =>
        answer.StatusCode == HttpStatusCode.ServiceUnavailable && answer.Headers.RetryAfter is not null && answer.Headers.CacheControl?.NoStore == true;

    private static async Task<HttpResponseMessage> GetAsync(NginxServer nginx, string path = "wait?ms=0", string host = "shop.test", string from = "127.0.0.1", string method = "GET")
    {
        using var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            ConnectCallback = async (context, token) =>
            {
                var socket = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
                socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
                await socket.ConnectAsync(context.DnsEndPoint, token);
                return new System.Net.Sockets.NetworkStream(socket, ownsSocket: true);
            },
        };
        using var client = new HttpClient(handler);
        using var request = new HttpRequestMessage(new HttpMethod(method), nginx.Url + path) { Headers = { Host = host } };
        if (method == "POST")
        {
            request.Content = new StringContent("a=b");
        }

        var answer = await client.SendAsync(request);
        await answer.Content.LoadIntoBufferAsync();
        return answer;
    }

    private static string Sites(NginxServer nginx, int app) => $$"""
        upstream backend { server 127.0.0.1:{{app}} max_fails=0; }
        add_header X-From-Http yes always;
        server {
          listen 127.0.0.1:{{nginx.Port}};
          server_name shop.test;
          error_page 404 /missing.html;
          location / { proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_next_upstream off; }
          location = /health { return 200 ok; }
          location = /fallback { try_files /nothing /served; }
          location = /served { return 200 served; }
          location ~ ^/(secret|served-not)/ { auth_basic closed; auth_basic_user_file /nonexistent; }
          location ^~ /.well-known/ { return 200 challenge; }
          location /internal { deny all; }
        }
        server {
          listen 127.0.0.1:{{nginx.Port}};
          server_name old.test; # moved
          deny 127.0.0.9;
          return 301 http://shop.test$request_uri;
        }
        """;

    /// <summary>Maintenance mode of one nginx, with all that was said and recorded.</summary>
    private sealed class Maintenance : IAsyncDisposable
    {
        private readonly StackSession _session;

        public Maintenance(NginxServer nginx, bool whatIf = false)
            : this(new OpsStack { Name = "shop", WebServers = { ["web"] = new StackWebServer { Config = nginx.ConfigFile } } }, whatIf)
        {
        }

        public Maintenance(OpsStack stack, bool whatIf = false)
        {
            Output = new RecordedOutput { IsWhatIf = whatIf };
            _session = new StackSession(stack);
        }

        public RecordedOutput Output { get; }

        public MemoryJournal Journal { get; } = new();

        private MaintenanceMode Mode => new(_session, "web", new ChangeRunner(Output, Journal, new ChangeOrigin("Test", "shop")), Output);

        public Task<MaintenanceModeChange?> EnableAsync(MaintenanceRequest? request = null) => Mode.EnableAsync(request ?? new MaintenanceRequest(), default);

        public Task<MaintenanceModeChange?> DisableAsync(params string[] sites) => Mode.DisableAsync(sites, default);

        public async Task<WebServerConfig> LookAsync()
        {
            var output = new RecordedOutput();
            await new WebServerInspector(_session, [], output).RunAsync(["web"], default);
            Assert.Empty(output.Errors.Select(error => error.FullMessage));
            return Assert.IsType<WebServerConfig>(Assert.Single(output.Items));
        }

        public ValueTask DisposeAsync() => _session.DisposeAsync();
    }
}
