using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using Npgsql;

namespace OpsRunbook.EndToEnd.Tests.Fixtures;

[Collection("Stacks")]
public sealed class ServersTests
{
    [SkippableFact]
    public async Task PostgreSql_answers_and_is_shared()
    {
        var server = await Servers.PostgreSqlAsync();
        Assert.Same(server, await Servers.PostgreSqlAsync());
        var database = await server.CreateDatabaseAsync();
        Assert.Equal(database, await server.ExecuteAsync("SELECT current_database()", database));
        Assert.Equal(true, await server.ExecuteAsync("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"));
        Assert.NotNull(await server.ExecuteAsync("SELECT count(*) FROM pg_stat_statements"));
    }

    [SkippableFact]
    public async Task PostgreSql_of_ones_own_dies_and_comes_back()
    {
        await using var server = await Servers.NewPostgreSqlAsync("max_connections=7");
        Assert.Equal("7", await server.ExecuteAsync("SHOW max_connections"));
        await server.KillAsync();
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => server.ExecuteAsync("SELECT 1"));
        await server.StartAsync();
        Assert.Equal(1, await server.ExecuteAsync("SELECT 1"));
    }

    [SkippableFact]
    public async Task MariaDb_answers_and_restarts()
    {
        await using var server = await Servers.NewMariaDbAsync("--max-connections=20");
        Assert.Equal("20\n", await server.ExecuteAsync("SELECT @@max_connections"));
        await server.StopAsync();
        Assert.False(server.IsRunning);
        await server.StartAsync();
        Assert.Equal("root@127.0.0.1\n", await server.ExecuteAsync("SELECT current_user()"));
    }

    [SkippableTheory]
    [InlineData(RedisKind.Plain)]
    [InlineData(RedisKind.Tls)]
    [InlineData(RedisKind.Acl)]
    public async Task Redis_answers(RedisKind kind)
    {
        var server = await Servers.RedisAsync(kind);
        Assert.Equal("OK", await server.ExecuteAsync("SET", "app:servers", "1"));
        Assert.Equal("1", await server.ExecuteAsync("GET", "app:servers"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => server.ExecuteAsync("GET"));
    }

    [SkippableFact]
    public async Task Redis_frozen_accepts_and_does_not_answer()
    {
        await using var server = await Servers.NewRedisAsync();
        await server.FreezeAsync();
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, server.Port);
        await client.GetStream().WriteAsync("PING\r\n"u8.ToArray());
        var answer = client.GetStream().ReadAsync(new byte[64]).AsTask();
        Assert.NotSame(answer, await Task.WhenAny(answer, Task.Delay(300)));
        await server.ThawAsync();
        Assert.NotEqual(0, await answer);
    }

    [SkippableFact]
    public async Task Nginx_serves_http_and_https()
    {
        var server = await Servers.NginxAsync();
        using var client = new HttpClient();
        Assert.Equal("hello\n", await client.GetStringAsync(new Uri(server.Url)));
        // Our authority is unknown to the machine, which is the point of TlsCaFile.
        var refused = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetStringAsync(new Uri(server.TlsUrl)));
        Assert.IsType<AuthenticationException>(refused.InnerException);
        Assert.Equal("hello\n", await Tool.RunAsync("curl", ["-sS", "--noproxy", "*", "--cacert", server.TlsCaFile, server.TlsUrl]));
    }

    [SkippableFact]
    public async Task Nginx_takes_the_tests_configuration()
    {
        await using var server = await Servers.NewNginxAsync(nginx => $$"""server { listen 127.0.0.1:{{nginx.Port}}; return 503 "away"; }""");
        using var client = new HttpClient();
        using var response = await client.GetAsync(new Uri(server.Url));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
    }

    [SkippableFact]
    public async Task Sshd_lets_the_key_in_and_the_stranger_not()
    {
        var server = await Servers.SshdAsync();
        Assert.Equal(Environment.UserName, (await server.ExecuteAsync("id -un")).Trim());
        var stranger = await Tool.TryRunAsync("ssh", ["-F", server.ClientConfigFile, "-o", $"IdentityFile={server.StrangerIdentityFile}", "-o", "IdentitiesOnly=yes", "-i", server.StrangerIdentityFile, "-F", "/dev/null", "-p", server.Port.ToString(), "-o", "BatchMode=yes", "-o", $"UserKnownHostsFile={server.KnownHostsFile}", $"{server.User}@{server.Host}", "true"]);
        Assert.Contains("Permission denied", stranger.Error, StringComparison.Ordinal);
        var changed = await Tool.TryRunAsync("ssh", ["-F", server.ClientConfigFile, "-o", $"UserKnownHostsFile={server.ChangedKnownHostsFile}", "server", "true"]);
        Assert.Contains("HOST IDENTIFICATION HAS CHANGED", changed.Error, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Dns_answers()
    {
        var server = await Servers.DnsAsync();
        Assert.True(server.IsRunning);
    }

    [SkippableFact]
    public async Task Pm2_runs_the_sample_application()
    {
        var pm2 = await Servers.Pm2Async();
        var port = TestRun.FreePort();
        var control = await pm2.StartAppAsync("servers-tests", port, $"nothing=127.0.0.1:{TestRun.FreePort()}");
        using var client = new HttpClient();
        Assert.StartsWith("{\"status\":\"ok\"", await client.GetStringAsync(new Uri($"http://127.0.0.1:{port}/health")), StringComparison.Ordinal);
        using var ready = await client.GetAsync(new Uri($"http://127.0.0.1:{port}/api/v1/health/ready"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        await File.WriteAllTextAsync(control, SampleApp.Control(status: 500));
        using var broken = await client.GetAsync(new Uri($"http://127.0.0.1:{port}/health"));
        Assert.Equal(HttpStatusCode.InternalServerError, broken.StatusCode);
        await pm2.ExecuteAsync("delete", "servers-tests");
    }

    [SkippableFact]
    public async Task A_small_disk_fills_up()
    {
        await using var disk = await Servers.NewSmallDiskAsync();
        await disk.FillAsync(95);
        var drive = new DriveInfo(disk.Folder);
        Assert.InRange(100.0 * drive.TotalFreeSpace / drive.TotalSize, 0, 6);
    }

    [Fact]
    public async Task An_unanswered_port_leaves_a_connection_waiting()
    {
        using var port = new UnansweredPort();
        using var client = new TcpClient();
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await client.ConnectAsync(IPAddress.Loopback, port.Port, patience.Token));
    }
}
