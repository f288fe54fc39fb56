using System.Diagnostics;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using OpsRunbook.Engine.Endpoints;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Endpoints;

public sealed class HttpProbeTests
{
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-One: 1\r\nX-Two: a\r\nX-Two: b\r\nConnection: close\r\n\r\nok";

    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(5);

    // MariaDB, for one, looks every five seconds whether the client of a statement is still there.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [SkippableFact]
    public async Task Reads_a_page_over_http_and_https_with_its_phases()
    {
        var nginx = await Servers.NginxAsync();
        var plain = await SendAsync(new HttpProbeRequest(new Uri(nginx.Url)));
        Assert.Equal(200, plain.StatusCode);
        Assert.Equal("hello\n", Encoding.UTF8.GetString(plain.Body.Span));
        Assert.False(plain.BodyTruncated);
        Assert.Equal("text/html", plain.Headers["content-type"]);
        Assert.Null(plain.Timings.Dns);
        Assert.Null(plain.Timings.Tls);
        Assert.NotNull(plain.Timings.Connect);
        Assert.Null(plain.Certificate);

        var tls = await SendAsync(new HttpProbeRequest(new Uri(nginx.TlsUrl)) { CaFile = nginx.TlsCaFile });
        Assert.Equal(200, tls.StatusCode);
        Assert.Contains("CN=localhost", tls.Certificate!.Subject, StringComparison.Ordinal);
        Assert.Null(tls.TlsProblem);
        Assert.NotNull(tls.Timings.Dns);
        Assert.True(tls.Timings.Tls > TimeSpan.Zero);
        Assert.True(tls.Timings.Total >= tls.Timings.Tls + tls.Timings.Connect + tls.Timings.FirstByte);
    }

    [Fact]
    public async Task Joins_repeated_headers_and_finds_them_without_regard_to_case()
    {
        await using var server = Misbehaving.Answering(Ok);
        var response = await SendAsync(new HttpProbeRequest(server.Url));
        Assert.Equal("1", response.Headers["x-one"]);
        Assert.Equal("a, b", response.Headers["X-TWO"]);
    }

    [Theory]
    [InlineData("expired", "Endpoint.TlsExpired")]
    [InlineData("wrong", "Endpoint.TlsNameMismatch")]
    [InlineData("self", "Endpoint.TlsSelfSigned")]
    [InlineData("future", "Endpoint.TlsNotYetValid")]
    [InlineData("untrusted", "Endpoint.TlsUntrusted")]
    public async Task Names_what_is_wrong_with_a_certificate_and_tolerates_it_only_when_told(string fault, string id)
    {
        var files = fault switch
        {
            "expired" => TestCertificates.Expired(),
            "wrong" => TestCertificates.WrongName(),
            "self" => TestCertificates.SelfSigned(),
            "future" => TestCertificates.Issue("localhost", DateTimeOffset.UtcNow.AddDays(2), DateTimeOffset.UtcNow.AddDays(9)),
            _ => TestCertificates.Localhost,
        };
        await using var server = Misbehaving.Answering(Ok, Load(files));
        var request = new HttpProbeRequest(server.TlsUrl) { CaFile = fault == "untrusted" ? null : TestCertificates.CaFile };
        var error = await Assert.ThrowsAsync<OpsException>(() => SendAsync(request));
        Assert.Equal(id, error.Id);
        Assert.Contains($"localhost:{server.Port}", error.Message, StringComparison.Ordinal);
        Assert.NotNull(error.NextStep);

        var tolerated = await SendAsync(request with { Insecure = true });
        Assert.Equal(200, tolerated.StatusCode);
        Assert.Equal(error.Message, tolerated.TlsProblem);
    }

    [Fact]
    public async Task A_server_that_speaks_no_tls_on_that_port_is_said_to()
    {
        await using var server = new Misbehaving(async (stream, token) =>
        {
            await stream.ReadExactlyAsync(new byte[5], token);
            await stream.WriteAsync("HTTP/1.1 400 Bad Request\r\n\r\n"u8.ToArray(), token);
            await Task.Delay(200, token);
        });
        var error = await Assert.ThrowsAsync<OpsException>(() => SendAsync(new HttpProbeRequest(server.TlsUrl)));
        Assert.Equal("Endpoint.TlsFailed", error.Id);
        Assert.Contains("does not speak TLS", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_with_only_old_protocol_versions_is_said_to()
    {
        // What a server sends that cannot agree on a version: the alert protocol_version (70).
        await using var server = new Misbehaving(async (stream, token) =>
        {
            await stream.ReadExactlyAsync(new byte[5], token);
            await stream.WriteAsync(new byte[] { 0x15, 3, 1, 0, 2, 2, 70 }, token);
            await Task.Delay(200, token);
        });
        var error = await Assert.ThrowsAsync<OpsException>(() => SendAsync(new HttpProbeRequest(server.TlsUrl)));
        Assert.Equal("Endpoint.TlsFailed", error.Id);
        Assert.Contains("protocol versions", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, "answer the request")]
    [InlineData(true, "complete the TLS handshake")]
    public async Task A_server_that_accepts_and_says_nothing_is_left_at_the_timeout(bool tls, string waitingFor)
    {
        await using var server = Misbehaving.Silent();
        var watch = Stopwatch.StartNew();
        var error = await Assert.ThrowsAsync<OpsException>(
            () => SendAsync(new HttpProbeRequest(tls ? server.TlsUrl : server.Url) { Timeout = TimeSpan.FromMilliseconds(300) }));
        Assert.Equal("Endpoint.Timeout", error.Id);
        Assert.Contains(waitingFor, error.Message, StringComparison.Ordinal);
        Assert.True(watch.Elapsed < Slack);
        await EventuallyAsync(() => server is { Accepted: 1, Open: 0 });
    }

    [Fact]
    public async Task A_body_that_drips_is_left_at_the_timeout()
    {
        await using var server = new Misbehaving(async (stream, token) =>
        {
            await stream.WriteAsync("HTTP/1.1 200 OK\r\n\r\n"u8.ToArray(), token);
            while (true)
            {
                await stream.WriteAsync("."u8.ToArray(), token);
                await Task.Delay(20, token);
            }
        });
        var error = await Assert.ThrowsAsync<OpsException>(() => SendAsync(new HttpProbeRequest(server.Url) { Timeout = TimeSpan.FromMilliseconds(400) }));
        Assert.Equal("Endpoint.Timeout", error.Id);
        Assert.Contains("end its answer", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancelling_ends_it_at_once_and_closes_the_connection()
    {
        await using var server = Misbehaving.Silent();
        using var stop = new CancellationTokenSource();
        var running = HttpProbe.SendAsync(new LocalHost(), new HttpProbeRequest(server.Url) { Timeout = TimeSpan.FromMinutes(1) }, stop.Token);
        await EventuallyAsync(() => server.Open == 1);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running.WaitAsync(Slack));
        await EventuallyAsync(() => server.Open == 0);
    }

    [Fact]
    public async Task An_endless_body_is_read_only_as_far_as_asked()
    {
        await using var server = new Misbehaving(async (stream, token) =>
        {
            await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\n"u8.ToArray(), token);
            var block = new byte[64 * 1024];
            while (true)
            {
                await stream.WriteAsync(block, token);
            }
        });
        var response = await SendAsync(new HttpProbeRequest(server.Url) { MaximumBodyBytes = 100_000 });
        Assert.Equal(100_000, response.Body.Length);
        Assert.True(response.BodyTruncated);
        await EventuallyAsync(() => server.Open == 0);

        var none = await SendAsync(new HttpProbeRequest(server.Url) { MaximumBodyBytes = 0 });
        Assert.Equal(0, none.Body.Length);
        Assert.True(none.BodyTruncated);
    }

    [Theory]
    [InlineData(2, false)]
    [InlineData(1, true)]
    public async Task A_body_of_exactly_the_limit_is_whole(int maximum, bool truncated)
    {
        await using var counted = Misbehaving.Answering(Ok);
        await using var uncounted = Misbehaving.Answering("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok");
        foreach (var server in new[] { counted, uncounted })
        {
            var response = await SendAsync(new HttpProbeRequest(server.Url) { MaximumBodyBytes = maximum });
            Assert.Equal(truncated, response.BodyTruncated);
            Assert.Equal("ok"[..maximum], Encoding.ASCII.GetString(response.Body.Span));
        }
    }

    [Fact]
    public async Task A_compressed_body_is_not_unpacked()
    {
        await using var server = Misbehaving.Answering("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\u001f\u008b\u0008\u0000");
        var response = await SendAsync(new HttpProbeRequest(server.Url));
        Assert.Equal([0x1f, 0x8b, 8, 0], response.Body.ToArray());
    }

    [Fact]
    public async Task An_endless_redirect_ends_at_the_limit()
    {
        await using var server = new Misbehaving(async (stream, token) =>
        {
            await Misbehaving.ReadRequestAsync(stream, token);
            await stream.WriteAsync("HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"u8.ToArray(), token);
        });
        var error = await Assert.ThrowsAsync<OpsException>(() => SendAsync(new HttpProbeRequest(server.Url) { MaximumRedirects = 3 }));
        Assert.Equal("Endpoint.TooManyRedirects", error.Id);
        Assert.Equal(4, server.Accepted);

        var itself = await SendAsync(new HttpProbeRequest(server.Url) { MaximumRedirects = 0 });
        Assert.Equal(302, itself.StatusCode);
        Assert.Equal("/again", itself.Headers["Location"]);
    }

    [Fact]
    public async Task A_redirect_to_another_server_takes_no_secrets_along()
    {
        var received = new List<string>();
        await using var second = new Misbehaving(async (stream, token) =>
        {
            received.Add(await Misbehaving.ReadRequestAsync(stream, token));
            await stream.WriteAsync(Encoding.ASCII.GetBytes(Ok), token);
        });
        await using var first = new Misbehaving(async (stream, token) =>
        {
            received.Add(await Misbehaving.ReadRequestAsync(stream, token));
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 307 x\r\nLocation: {second.Url}there\r\nContent-Length: 0\r\n\r\n"), token);
        });
        var url = new UriBuilder(first.Url) { UserName = "me", Password = "hush" }.Uri;
        var response = await SendAsync(new HttpProbeRequest(url) { Headers = new Dictionary<string, string> { ["X-Token"] = "sesame" } });
        Assert.Equal(new Uri(second.Url, "there"), response.Url);
        Assert.Contains("X-Token: sesame", received[0], StringComparison.Ordinal);
        Assert.Contains("Authorization: Basic " + Convert.ToBase64String("me:hush"u8), received[0], StringComparison.Ordinal);
        Assert.DoesNotContain("sesame", received[1], StringComparison.Ordinal);
        Assert.DoesNotContain("Authorization", received[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_password_in_the_address_is_in_no_message()
    {
        await using var server = Misbehaving.Answering("HTTP/1.1 302 x\r\nLocation: ftp://elsewhere/\r\n\r\n");
        var url = new UriBuilder(server.Url) { UserName = "me", Password = "hush" }.Uri;
        var error = await Assert.ThrowsAsync<OpsException>(() => SendAsync(new HttpProbeRequest(url)));
        Assert.Equal("Endpoint.ProtocolError", error.Id);
        Assert.DoesNotContain("hush", error.FullMessage + error.Target, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("garbage \u0001\u0002\u0003\r\n\r\n", "did not answer with HTTP")]
    [InlineData("", "closed the connection")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", "closed the connection")]
    public async Task An_answer_that_is_no_http_is_said_to_be_none(string answer, string cause)
    {
        await using var server = Misbehaving.Answering(answer);
        var error = await Assert.ThrowsAsync<OpsException>(() => SendAsync(new HttpProbeRequest(server.Url)));
        Assert.Equal("Endpoint.ProtocolError", error.Id);
        Assert.Contains(cause, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Too_many_headers_are_refused()
    {
        await using var server = new Misbehaving(async (stream, token) =>
        {
            await stream.WriteAsync("HTTP/1.1 200 OK\r\n"u8.ToArray(), token);
            while (true)
            {
                await stream.WriteAsync("X-Filler: 0123456789012345678901234567890123456789\r\n"u8.ToArray(), token);
            }
        });
        var error = await Assert.ThrowsAsync<OpsException>(() => SendAsync(new HttpProbeRequest(server.Url)));
        Assert.Equal("Endpoint.ProtocolError", error.Id);
        Assert.Contains("response headers", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_closed_port_and_an_unknown_name_are_told_apart()
    {
        var port = TestRun.FreePort();
        var closed = await Assert.ThrowsAsync<OpsException>(() => SendAsync(new HttpProbeRequest(new Uri($"http://127.0.0.1:{port}/"))));
        Assert.Equal("Endpoint.PortClosed", closed.Id);
        var unknown = await Assert.ThrowsAsync<OpsException>(() => SendAsync(new HttpProbeRequest(new Uri("http://no-such-name.invalid/"))));
        Assert.Equal("Endpoint.NameUnknown", unknown.Id);
    }

    [Theory]
    [InlineData(true, null)]
    [InlineData(false, "Endpoint.HeaderInvalid")]
    public async Task A_header_about_content_goes_with_a_body_only(bool body, string? id)
    {
        await using var server = Misbehaving.Answering(Ok);
        var request = new HttpProbeRequest(server.Url) { Method = "POST", Headers = new Dictionary<string, string> { ["Content-Type"] = "application/json" }, Body = body ? (ReadOnlyMemory<byte>?)"{}"u8.ToArray() : null };
        var error = await Record.ExceptionAsync(() => SendAsync(request));
        Assert.Equal(id, (error as OpsException)?.Id);
        Assert.Equal(id is null, error is null);
    }

    [Fact]
    public async Task A_header_that_would_break_the_request_is_refused_before_anything_is_sent()
    {
        await using var server = Misbehaving.Answering(Ok);
        var request = new HttpProbeRequest(server.Url) { Headers = new Dictionary<string, string> { ["X-A"] = "secret\r\nX-B: 2" } };
        var error = await Assert.ThrowsAsync<OpsException>(() => SendAsync(request));
        Assert.Equal("Endpoint.HeaderInvalid", error.Id);
        Assert.DoesNotContain("secret", error.FullMessage, StringComparison.Ordinal);
        Assert.Equal(0, server.Accepted);
    }

    [Fact]
    public async Task An_authority_file_that_is_none_is_named()
    {
        await using var server = Misbehaving.Answering(Ok, Load(TestCertificates.Localhost));
        foreach (var file in new[] { "/nonexistent/ca.pem", "/etc/hostname" })
        {
            var error = await Assert.ThrowsAsync<OpsException>(() => SendAsync(new HttpProbeRequest(server.TlsUrl) { CaFile = file }));
            Assert.Equal("Endpoint.CaFileUnreadable", error.Id);
            Assert.Contains(file, error.Message, StringComparison.Ordinal);
        }
    }

    [SkippableFact]
    public async Task Goes_out_from_an_ssh_host()
    {
        var sshd = await Servers.SshdAsync();
        await using var server = Misbehaving.Answering(Ok);
        await using var host = HostFactory.Create("far", new OpsStack
        {
            Hosts = { ["far"] = new StackHost { Ssh = sshd.Destination, Identity = sshd.IdentityFile, Options = new Dictionary<string, string>(sshd.Options) } },
        });
        var response = await HttpProbe.SendAsync(host, new HttpProbeRequest(server.Url) { Timeout = TimeSpan.FromSeconds(20) }, CancellationToken.None);
        Assert.Equal(200, response.StatusCode);
        Assert.Null(response.Timings.Dns);
    }

    internal static X509Certificate2 Load(TestCertificate files)
    {
        using var pem = X509Certificate2.CreateFromPemFile(files.CertificateFile, files.KeyFile);
        return X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null);
    }

    internal static async Task EventuallyAsync(Func<bool> condition)
    {
        var watch = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(watch.Elapsed < Patience, "It did not come about in time.");
            await Task.Delay(10);
        }
    }

    private static async Task<HttpProbeResponse> SendAsync(HttpProbeRequest request)
    {
        await using var host = new LocalHost();
        return await HttpProbe.SendAsync(host, request, CancellationToken.None);
    }
}
