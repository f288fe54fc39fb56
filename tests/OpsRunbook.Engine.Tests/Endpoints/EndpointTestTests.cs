using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using OpsRunbook.Engine.Endpoints;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Endpoints;

public sealed class EndpointTestTests
{
    [Theory]
    [InlineData("db:5432", EndpointKind.Tcp, "db", 5432)]
    [InlineData("tcp://[::1]:80", EndpointKind.Tcp, "::1", 80)]
    [InlineData("HTTPS://Example.org/x", EndpointKind.Http, "example.org", 443)]
    [InlineData("ws://h:81/", EndpointKind.WebSocket, "h", 81)]
    [InlineData("ssh://me@h", EndpointKind.Ssh, "h", 22)]
    [InlineData("tls://h", EndpointKind.Tls, "h", 443)]
    [InlineData("ping://::1", EndpointKind.Ping, "::1", 0)]
    public void Reads_addresses(string text, EndpointKind kind, string host, int port)
    {
        var address = EndpointAddress.Parse(text);
        Assert.Equal((kind, host, port), (address.Kind, address.Host, address.Port));
    }

    [Theory]
    [InlineData("host")]
    [InlineData("host:0")]
    [InlineData("host:65536")]
    [InlineData("host:x")]
    [InlineData(":80")]
    [InlineData("tcp://")]
    [InlineData("ftp://host/")]
    [InlineData("http://")]
    [InlineData("a b:80")]
    [InlineData("[::1:80")]
    public void Refuses_what_is_no_address(string text) =>
        Assert.Equal("Endpoint.AddressInvalid", Assert.Throws<OpsException>(() => EndpointAddress.Parse(text)).Id);

    [SkippableFact]
    public async Task Tests_every_kind_at_once_and_goes_on_after_a_bad_address()
    {
        var nginx = await Servers.NginxAsync();
        var sshd = await Servers.SshdAsync();
        string[] addresses =
        [
            nginx.Url, nginx.TlsUrl, $"127.0.0.1:{nginx.Port}", $"tls://localhost:{nginx.TlsPort}", "ping://127.0.0.1", $"ssh://127.0.0.1:{sshd.Port}", "nonsense",
        ];
        var output = new RecordedOutput();
        await EndpointTest.RunAsync(new LocalHost(), new EndpointTestRequest(addresses) { CaFile = nginx.TlsCaFile }, output, CancellationToken.None);
        Assert.Equal("Endpoint.AddressInvalid", Assert.Single(output.Errors).Id);
        var results = output.Items.Cast<EndpointResult>().ToDictionary(result => result.Uri);
        Assert.Equal(6, results.Count);
        Assert.All(results.Values, result => Assert.True(result.Status == HealthStatus.Healthy, result.ToString()));
        Assert.Equal(200, results[nginx.Url].StatusCode);
        Assert.StartsWith("SSH-2.0-OpenSSH", results[$"ssh://127.0.0.1:{sshd.Port}"].Message, StringComparison.Ordinal);
        Assert.True(results[nginx.TlsUrl].CertificateExpires > DateTime.UtcNow);
        Assert.Equal("127.0.0.1", results[$"127.0.0.1:{nginx.Port}"].RemoteAddress);
    }

    [SkippableFact]
    public async Task Conditions_on_status_body_and_latency()
    {
        var nginx = await Servers.NginxAsync();
        var request = new EndpointTestRequest([nginx.Url]);
        Assert.Equal((HealthStatus.Healthy, null), await OneAsync(request with { Status = "200", Body = "hello", MaxLatency = TimeSpan.FromSeconds(30) }));
        Assert.Equal((HealthStatus.Critical, "Health.BodyMismatch"), await OneAsync(request with { Body = "goodbye" }));
        Assert.Equal((HealthStatus.Critical, "Health.StatusMismatch"), await OneAsync(request with { Status = "204" }));
        Assert.Equal((HealthStatus.Warning, "Health.Slow"), await OneAsync(request with { MaxLatency = TimeSpan.FromTicks(1) }));
        Assert.Equal((HealthStatus.Critical, "Health.StatusMismatch"), await OneAsync(new EndpointTestRequest([nginx.Url + "missing"])));
        await Assert.ThrowsAsync<OpsException>(() => OneAsync(request with { Status = "often" }));
    }

    [Fact]
    public async Task One_slow_endpoint_delays_no_other()
    {
        await using var slow = Misbehaving.Silent();
        await using var fast = Misbehaving.Answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        var addresses = Enumerable.Range(0, 50).Select(i => $"{fast.Url}{i}").Prepend(slow.Url.ToString()).ToList();
        var output = new RecordedOutput();
        var running = EndpointTest.RunAsync(new LocalHost(), new EndpointTestRequest(addresses) { Timeout = TimeSpan.FromSeconds(20) }, output, CancellationToken.None);
        await HttpProbeTests.EventuallyAsync(() => output.Items.Count == 50);
        Assert.False(running.IsCompleted);
        await slow.DisposeAsync();
        await running;
        Assert.Equal(51, output.Items.Count);
    }

    [Fact]
    public async Task Many_ports_are_tested_with_few_connections_open_at_a_time()
    {
        await using var server = new Misbehaving(static (stream, token) => stream.CopyToAsync(Stream.Null, token));
        var addresses = Enumerable.Repeat($"127.0.0.1:{server.Port}", 2000).ToList();
        var output = new RecordedOutput();
        await EndpointTest.RunAsync(new LocalHost(), new EndpointTestRequest(addresses) { ThrottleLimit = 100 }, output, CancellationToken.None);
        Assert.Equal(2000, output.Items.Cast<EndpointResult>().Count(result => result.Status == HealthStatus.Healthy));
    }

    [Fact]
    public async Task What_greets_otherwise_is_no_ssh_server()
    {
        await using var server = new Misbehaving(async (stream, token) =>
        {
            await stream.WriteAsync("220 mail ready\r\n"u8.ToArray(), token);
            await stream.ReadExactlyAsync(new byte[4], token);
        });
        Assert.Equal((HealthStatus.Critical, "Endpoint.ProtocolError"), await OneAsync(new EndpointTestRequest([$"ssh://127.0.0.1:{server.Port}"])));
    }

    [Fact]
    public async Task A_ping_without_answer_ends_at_the_timeout()
    {
        var watch = Stopwatch.StartNew();
        var (status, reason) = await OneAsync(new EndpointTestRequest(["ping://240.0.0.1"]) { Timeout = TimeSpan.FromSeconds(1) });
        Assert.NotEqual(HealthStatus.Healthy, status);
        Assert.Contains(reason, new[] { "Endpoint.Timeout", "Endpoint.Unreachable", "Endpoint.PingUnavailable" });
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(6));
    }

    [Theory]
    [InlineData("good", HealthStatus.Healthy, null)]
    [InlineData("key", HealthStatus.Critical, "Endpoint.UpgradeKeyWrong")]
    [InlineData("header", HealthStatus.Critical, "Endpoint.UpgradeHeaderMissing")]
    [InlineData("status", HealthStatus.Critical, "Endpoint.NotUpgraded")]
    [InlineData("garbage", HealthStatus.Critical, "Endpoint.ProtocolError")]
    [InlineData("cut", HealthStatus.Critical, "Endpoint.IdleClosed")]
    [InlineData("close", HealthStatus.Critical, "Endpoint.IdleClosed")]
    public async Task A_websocket_upgrade_is_verified_and_the_idle_connection_watched(string behaviour, HealthStatus status, string? reason)
    {
        var pongs = 0;
        await using var server = new Misbehaving(async (stream, token) =>
        {
            var request = await Misbehaving.ReadRequestAsync(stream, token);
            if (behaviour == "garbage")
            {
                await stream.WriteAsync("what?\r\n\r\n"u8.ToArray(), token);
                return;
            }

            if (behaviour == "status")
            {
                await stream.WriteAsync("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"u8.ToArray(), token);
                return;
            }

            var key = behaviour == "key" ? "x" : request.Split("Sec-WebSocket-Key: ")[1].Split("\r\n")[0];
#pragma warning disable CA5350
            var accept = Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
#pragma warning restore CA5350
            var upgrade = behaviour == "header" ? string.Empty : "upgrade: WebSocket\r\n";
            await stream.WriteAsync(
                Encoding.ASCII.GetBytes($"HTTP/1.1 101 Switching Protocols\r\n{upgrade}Connection: keep-alive, Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"), token);

            // A text message, and a ping that wants its two bytes back.
            await stream.WriteAsync(new byte[] { 0x81, 2, (byte)'h', (byte)'i', 0x89, 2, 7, 8 }, token);
            var pong = new byte[8];
            await stream.ReadExactlyAsync(pong, token);
            pongs += pong[0] == 0x8a && (pong[6] ^ pong[2]) == 7 && (pong[7] ^ pong[3]) == 8 ? 1 : 0;
            if (behaviour == "close")
            {
                await stream.WriteAsync(new byte[] { 0x88, 2, 0x03, 0xe9 }, token);
            }

            if (behaviour != "cut")
            {
                await stream.CopyToAsync(Stream.Null, token);
            }
        });
        var request = new EndpointTestRequest([$"ws://127.0.0.1:{server.Port}/socket"]) { Idle = TimeSpan.FromMilliseconds(400) };
        Assert.Equal((status, reason), await OneAsync(request));
        Assert.Equal(behaviour is "good" or "cut" or "close" ? 1 : 0, pongs);
    }

    [SkippableFact]
    public async Task A_proxy_that_drops_the_upgrade_is_named()
    {
        await using var backend = Misbehaving.Answering("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        await using var nginx = await Servers.NewNginxAsync(self => $"server {{ listen 127.0.0.1:{self.Port}; location / {{ proxy_pass {backend.Url}; }} }}");
        var output = new RecordedOutput();
        await EndpointTest.RunAsync(new LocalHost(), new EndpointTestRequest([$"ws://127.0.0.1:{nginx.Port}/"]), output, CancellationToken.None);
        var result = Assert.IsType<EndpointResult>(Assert.Single(output.Items));
        Assert.Equal("Endpoint.NotUpgraded", result.Reason);
        Assert.Contains("proxy", result.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancelling_closes_every_connection()
    {
        await using var server = Misbehaving.Silent();
        var addresses = Enumerable.Range(0, 40).Select(i => $"{server.Url}{i}").ToList();
        using var stop = new CancellationTokenSource();
        var running = EndpointTest.RunAsync(new LocalHost(), new EndpointTestRequest(addresses) { Timeout = TimeSpan.FromMinutes(1) }, new RecordedOutput(), stop.Token);
        await HttpProbeTests.EventuallyAsync(() => server.Open == 40);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running.WaitAsync(TimeSpan.FromSeconds(5)));
        await HttpProbeTests.EventuallyAsync(() => server.Open == 0);
    }

    private static async Task<(HealthStatus Status, string? Reason)> OneAsync(EndpointTestRequest request)
    {
        var output = new RecordedOutput();
        await EndpointTest.RunAsync(new LocalHost(), request, output, CancellationToken.None);
        var result = Assert.IsType<EndpointResult>(Assert.Single(output.Items));
        return (result.Status, result.Reason);
    }
}
