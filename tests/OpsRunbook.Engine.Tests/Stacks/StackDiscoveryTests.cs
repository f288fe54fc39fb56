using System.Net.Sockets;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Services;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Engine.Tests.Hosts;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Stacks;

public class StackDiscoveryTests
{
    [Fact]
    public async Task Any_machine_yields_a_stack_within_its_time()
    {
        var watch = System.Diagnostics.Stopwatch.StartNew();

        var stack = await StackDiscovery.DiscoverAsync(new LocalHost(), new RecordedOutput(), default);

        Assert.Equal(Environment.MachineName, stack.Name);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(15), $"took {watch.Elapsed}");
        string[] names = [.. stack.Services.Keys, .. stack.Databases.Keys, .. stack.Caches.Keys, .. stack.WebServers.Keys, .. stack.Certificates.Keys];
        Assert.Equal(names.Length, names.Distinct(StringComparer.OrdinalIgnoreCase).Count());
    }

    [SkippableFact]
    public async Task A_redis_server_becomes_a_cache_with_its_port()
    {
        var redis = await Servers.RedisAsync();

        var stack = await StackDiscovery.DiscoverAsync(new LocalHost(), new RecordedOutput(), default);

        var cache = stack.Caches.Values.Single(cache => cache.Port == redis.Port);
        Assert.Null(cache.Password);
        Assert.Equal(ServiceManagerKind.Process, cache.Manager);
    }

    [SkippableFact]
    public async Task A_postgresql_server_becomes_a_database_with_its_port()
    {
        var server = await Servers.PostgreSqlAsync();

        var stack = await StackDiscovery.DiscoverAsync(new LocalHost(), new RecordedOutput(), default);

        Assert.Equal(DatabaseEngine.Postgres, stack.Databases.Values.Single(database => database.Port == server.Port).Engine);
    }

    [SkippableFact]
    public async Task Nginx_becomes_a_web_server_and_its_certificates_are_found()
    {
        var nginx = await Servers.NginxAsync();

        var stack = await StackDiscovery.DiscoverAsync(new LocalHost(), new RecordedOutput(), default);

        var (name, server) = stack.WebServers.Single(server => server.Value.Ports.Contains(nginx.Port));
        Assert.Equal("nginx", server.Engine);
        Assert.Contains(stack.Certificates.Values, certificate =>
            certificate.File!.StartsWith(nginx.Folder, StringComparison.Ordinal) && certificate.Reload is not null && certificate.Endpoint is not null);
        Assert.NotEmpty(name);
    }

    [SkippableFact]
    public async Task A_pm2_application_is_found_running_and_stopped()
    {
        var pm2 = await Servers.Pm2Async();
        var port = TestRun.FreePort();
        var name = $"discovered-{port}";
        await pm2.StartAppAsync(name, port);

        // On a busy machine it answers late.
        await Tool.RunAsync("kill", ["-STOP", $"{pm2.Pid}"]);
        var output = new RecordedOutput();
        var discovering = StackDiscovery.DiscoverAsync(new LocalHost(), output, default);
        await Task.Delay(2500);
        await Tool.RunAsync("kill", ["-CONT", $"{pm2.Pid}"]);
        var running = await discovering;
        Assert.True(running.Services.ContainsKey(name), string.Join('\n', output.Warnings.Concat(output.VerboseLines)));
        Assert.Equal((ServiceManagerKind.Pm2, (string?)null), (running.Services[name].Manager, running.Services[name].User));
        Assert.Equal([port], running.Services[name].Ports);

        // The daemon has a folder of its own; asked in the user's, it would seem not to run.
        Assert.Equal(pm2.Folder, running.Services[name].Pm2Home);
        var states = await new Pm2Manager().GetStatesAsync(new LocalHost(), [new UnitReference(name, Pm2Home: pm2.Folder)], default);
        Assert.Equal(HealthStatus.Healthy, states[0].Status);
        var held = (await PortInspector.GetPortsAsync(new LocalHost(), running, default)).Single(entry => entry.Port == port);
        Assert.Equal((name, false), (held.Service, held.Conflict));

        await pm2.ExecuteAsync("stop", name);
        var applications = await Pm2Source.ReadAsync(
            new LocalHost(), await new LocalHost().GetProcessesAsync(default), new RecordedOutput(), default);
        Assert.Contains(applications, application => application.Name == name && application.Pids.Count == 0);
        await pm2.ExecuteAsync("delete", name);
    }

    [SkippableFact]
    public async Task A_whole_machine_is_described_over_ssh()
    {
        var machine = await Servers.SystemdHostAsync();
        await using var host = new SshHost("npanel", $"{machine.User}@{machine.Host}:{machine.Port}", machine.IdentityFile, machine.Options);
        var output = new RecordedOutput();

        var stack = await StackDiscovery.DiscoverAsync(host, output, default);

        Assert.Equal("npanel", Assert.Single(stack.Hosts).Key);
        var app = stack.Services["sample-app"];
        Assert.Equal((ServiceManagerKind.Systemd, "npanel"), (app.Manager, app.Host));
        Assert.Contains(3000, app.Ports);
        Assert.Contains(stack.Databases.Values, database => database is { Engine: DatabaseEngine.MariaDb, Manager: ServiceManagerKind.Systemd, Port: 3306 });
        Assert.Contains(80, stack.WebServers["nginx"].Ports);
        Assert.DoesNotContain(stack.Services.Keys, name => name.StartsWith("systemd-", StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task A_source_that_fails_is_a_warning_and_hides_nothing_else()
    {
        var folder = Directory.CreateTempSubdirectory("opsrunbook-").FullName;
        using var silent = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        silent.Bind(new UnixDomainSocketEndPoint(Path.Combine(folder, "docker.sock")));
        silent.Listen();
        var before = Environment.GetEnvironmentVariable("DOCKER_HOST");
        Environment.SetEnvironmentVariable("DOCKER_HOST", $"unix://{folder}/docker.sock");
        try
        {
            var redis = await Servers.RedisAsync();
            var output = new RecordedOutput();

            var stack = await StackDiscovery.DiscoverAsync(new LocalHost(), output, default);

            Assert.Contains(output.Warnings, warning => warning.Contains("containers", StringComparison.Ordinal));
            Assert.Contains(stack.Caches.Values, cache => cache.Port == redis.Port);
        }
        finally
        {
            Environment.SetEnvironmentVariable("DOCKER_HOST", before);
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Sites_are_read_from_nginx_configuration()
    {
        const string text = """
            # server { listen 1 ssl; ssl_certificate /no.pem; }
            http {
              ssl_certificate common.pem; ssl_certificate_key "common key.pem";
              map $a $b { default ssl_certificate; }
              log_format x '{ "a": "$b;" }';
              server { listen 80; server_name plain.example; }
              server { listen [::]:8443 ssl; listen 443 ssl http2; server_name ~^x www.example.com *.example.com; }
              server {
                listen 127.0.0.1:9443 ssl;
                server_name 'two.example.com';
                ssl_certificate /etc/rsa.pem; ssl_certificate_key /etc/rsa.key;
                ssl_certificate /etc/ec.pem; ssl_certificate_key /etc/ec.key;
                location / { return 200 "}"; }
              }
              server { listen 443 ssl; server_name v.example.com; ssl_certificate /live/${ssl_server_name}.pem; ssl_certificate $x; }
            }
            """;

        var sites = NginxConfig.ParseSites(text, "/etc/nginx");

        Assert.Equal(
            ["/etc/nginx/common.pem /etc/nginx/common key.pem 8443,443", "/etc/rsa.pem /etc/rsa.key 9443", "/etc/ec.pem /etc/ec.key 9443", "/etc/nginx/common.pem /etc/nginx/common key.pem 443"],
            sites.Select(site => $"{site.Certificate} {site.Key} {string.Join(',', site.Ports)}"));
        Assert.Equal(["~^x", "www.example.com", "*.example.com"], sites[0].Names);
    }

    [Theory]
    [InlineData("server { listen 443 ssl; ssl_certificate /a.pem")]
    [InlineData("}}}} ; ; { { server {")]
    [InlineData("server { ssl_certificate \"unterminated")]
    [InlineData("")]
    public void Broken_configuration_yields_nothing(string text) => Assert.Empty(NginxConfig.ParseSites(text, "/"));

    [Fact]
    public void Includes_are_read() =>
        Assert.Equal(
            ["/etc/nginx/mime.types", "/etc/nginx/sites-enabled/*"],
            NginxConfig.Includes("http { include mime.types; # include no;\n include \"/etc/nginx/sites-enabled/*\"; }", "/etc/nginx"));

    [Fact]
    public void Units_are_read_from_systemctl()
    {
        var units = SystemdSource.Parse("""
            Id=api.service
            LoadState=loaded
            ActiveState=active
            SubState=running
            FragmentPath=/etc/systemd/system/api.service

            Id=broken@1.service
            LoadState=loaded
            ActiveState=failed
            SubState=failed
            FragmentPath=/lib/systemd/system/broken@.service

            Id=gone.service
            LoadState=not-found
            ActiveState=inactive
            SubState=dead
            FragmentPath=
            """);

        Assert.Equal([new SystemdUnit("api", true, false, true), new SystemdUnit("broken@1", false, true, false)], units);
    }

    [Theory]
    [InlineData("[{\"name\":\"a\",\"pid\":5},{\"name\":\"a\",\"pid\":6},{\"name\":\"b\",\"pid\":0}]", "a:5,6 b:")]
    [InlineData("\n>>>> In-memory PM2 is out-of-date\n[PM2] Spawning\n[{\"name\":\"a\",\"pid\":5}]\n", "a:5")]
    [InlineData("[]", "")]
    [InlineData("no list", null)]
    [InlineData("[PM2] broken", null)]
    public void Applications_are_read_past_pm2s_banner(string text, string? expected)
    {
        var applications = Pm2Source.Parse(text, null, "/root/.pm2");

        Assert.Equal(expected, applications is null ? null : string.Join(' ', applications.Select(application => $"{application.Name}:{string.Join(',', application.Pids)}")));
    }
}
