using System.Net.Sockets;
using OpsRunbook.Engine.Certificates;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Tests.Endpoints;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Certificates;

/// <summary>Certificates as servers present them.</summary>
public sealed class CertificateEndpointTests
{
    [SkippableFact]
    public async Task Nginx_is_asked_by_name_and_its_chain_is_judged()
    {
        var folder = await OpenSslCertificates.FolderAsync();
        await using var nginx = await Servers.NewNginxAsync(server => $$"""
            server { listen 127.0.0.1:{{server.Port}}; listen 127.0.0.1:{{server.TlsPort}} ssl; server_name www.example.test;
              ssl_certificate {{Copy(folder, server, "fullchain.pem")}}; ssl_certificate_key {{Copy(folder, server, "chained.key")}}; }
            server { listen 127.0.0.1:{{server.TlsPort}} ssl; server_name alone.apps.example.test;
              ssl_certificate {{Copy(folder, server, "chained.pem")}}; ssl_certificate_key {{Copy(folder, server, "chained.key")}}; }
            server { listen 127.0.0.1:{{server.TlsPort}} ssl; server_name expired.apps.example.test;
              ssl_certificate {{Copy(folder, server, "expired.pem")}}; ssl_certificate_key {{Copy(folder, server, "expired.key")}}; }
            server { listen 127.0.0.1:{{server.TlsPort}} ssl; server_name client.example.test;
              ssl_certificate {{Copy(folder, server, "client.pem")}}; ssl_certificate_key {{Copy(folder, server, "client.key")}}; }
            """);
        var target = $"127.0.0.1:{nginx.TlsPort}";
        await using var host = new LocalHost();
        var probe = new CertificateProbe(host, new CertificateTerms { CaFile = Path.Combine(folder, "root.pem") });
        foreach (var (name, status, reason, links) in new[]
        {
            ("www.example.test", HealthStatus.Healthy, null, 3),
            ("alone.apps.example.test", HealthStatus.Warning, "Certificate.ChainIncomplete", 1),
            ("expired.apps.example.test", HealthStatus.Critical, "Certificate.Expired", 2),
            ("client.example.test", HealthStatus.Critical, "Certificate.NameMismatch", 2),
            ("elsewhere.test", HealthStatus.Critical, "Certificate.NameMismatch", 3),
        })
        {
            var result = await LookAsync(new CertificateQuery { Endpoint = target, ServerName = name }, Path.Combine(folder, "root.pem"));
            Assert.Equal((name, status, reason, links), (result.ServerName, result.Status, result.Reason, result.Chain.Count));
            Assert.Equal((target, reason != "Certificate.NameMismatch"), (result.Source, result.NameMatches));
            Assert.NotNull(result.Latency);

            // One run that sees certificates again keeps them apart, also where the same one comes with less beside it.
            for (var i = 0; i < 2; i++)
            {
                var again = Assert.Single(await probe.LookAsync(new CertificateQuery { Endpoint = target, ServerName = name }, CancellationToken.None));
                Assert.Equal((name, status, reason, links), (again.ServerName, again.Status, again.Reason, again.Chain.Count));
                Assert.Equal((result.Subject, result.Thumbprint, result.Message), (again.Subject, again.Thumbprint, again.Message));
            }
        }

        // Nobody but the machine itself is asked who is trusted.
        var untrusted = await LookAsync(new CertificateQuery { Endpoint = target, ServerName = "www.example.test" }, null);
        Assert.Equal((HealthStatus.Warning, "Certificate.ChainIncomplete", false), (untrusted.Status, untrusted.Reason, untrusted.IsTrusted));
    }

    [Theory]
    [InlineData("-tls1_2")]
    [InlineData("-tls1_3")]
    public async Task Every_look_has_the_server_present_its_certificate(string version)
    {
        // A session that is resumed shows the certificate with which it began, perhaps hours ago.
        var certificate = TestCertificates.Localhost;
        await using var server = await OpenSslServer.StartAsync(certificate.ChainFile, certificate.KeyFile, "-msg", version);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(HealthStatus.Healthy, (await LookAsync(new CertificateQuery { Endpoint = $"localhost:{server.Port}" }, TestCertificates.CaFile)).Status);
        }

        var presented = 0;
        for (var i = 0; i < 100 && presented < 3; i++, await Task.Delay(20))
        {
            presented = (await File.ReadAllLinesAsync(server.LogFile)).Count(line => line.StartsWith(">>>", StringComparison.Ordinal) && line.EndsWith(", Certificate", StringComparison.Ordinal));
        }

        Assert.Equal(3, presented);
    }

    [SkippableTheory]
    [InlineData("postgresql")]
    [InlineData("mysql")]
    public async Task A_database_is_asked_for_tls_in_its_protocol(string protocol)
    {
        var port = protocol == "mysql" ? (await Servers.MariaDbAsync()).Port : (await Servers.PostgreSqlAsync()).Port;
        var query = new CertificateQuery { Endpoint = $"127.0.0.1:{port}", StartTls = protocol };

        // Often enough for a server that counts broken connections to lock us out.
        for (var i = 0; i < 3; i++)
        {
            var result = await LookAsync(query, TestCertificates.CaFile);
            Assert.Equal((HealthStatus.Healthy, true, true), (result.Status, result.IsTrusted, result.NameMatches));
        }

        var plain = await LookAsync(query with { StartTls = "none" }, TestCertificates.CaFile, TimeSpan.FromSeconds(1));
        Assert.Equal(HealthStatus.Critical, plain.Status);
        Assert.Contains(plain.Reason, new[] { "Endpoint.TlsFailed", "Endpoint.Timeout" });
    }

    [Theory]
    [InlineData("smtp", "QUIT")]
    [InlineData("imap", "b LOGOUT")]
    [InlineData("ldap", "")]
    public async Task A_server_that_begins_in_plain_text_is_asked_to_change(string protocol, string farewell)
    {
        await using var server = new StartTlsServer(protocol, TestCertificates.Localhost);
        var query = new CertificateQuery { Endpoint = $"127.0.0.1:{server.Port}", ServerName = "localhost", StartTls = protocol };
        var result = await LookAsync(query, TestCertificates.CaFile);
        Assert.Equal((HealthStatus.Healthy, true), (result.Status, result.NameMatches));
        for (var i = 0; i < 100 && server.Farewell != farewell; i++)
        {
            await Task.Delay(20);
        }

        Assert.Equal(farewell, server.Farewell);

        await using var refusing = new StartTlsServer(protocol, null);
        var refused = await LookAsync(query with { Endpoint = $"127.0.0.1:{refusing.Port}" }, TestCertificates.CaFile);
        Assert.Equal((HealthStatus.Critical, "Endpoint.StartTlsRefused"), (refused.Status, refused.Reason));
    }

    [Theory]
    [InlineData("smtp", 25)]
    [InlineData("smtp", 587)]
    [InlineData("imap", 143)]
    [InlineData("ldap", 389)]
    [InlineData("postgresql", 5432)]
    [InlineData("mysql", 3306)]
    [InlineData(null, 443)]
    [InlineData(null, 465)]
    [InlineData(null, 993)]
    public void The_protocol_is_known_by_the_port(string? protocol, int port)
    {
        Assert.Equal(protocol, StartTls.Choose("auto", port));
        Assert.Null(StartTls.Choose("none", port));
    }

    [Theory]
    [InlineData("rsa1024", "Certificate.WeakKey", "-cipher", "DEFAULT:@SECLEVEL=0")]
    [InlineData("sha1", "Certificate.WeakSignature", "-cipher", "DEFAULT:@SECLEVEL=0")]
    [InlineData("p256", "protocol version", "-tls1", "-cipher", "DEFAULT:@SECLEVEL=0")]
    [InlineData("many", "larger than clients accept")]
    [InlineData("nosubject", null)]
    public async Task What_other_servers_would_not_serve_is_judged_too(string kind, string? fault, params string[] options)
    {
        var folder = await OpenSslCertificates.FolderAsync();
        await using var server = await OpenSslServer.StartAsync(Path.Combine(folder, kind + ".pem"), Path.Combine(folder, kind + ".key"), options);
        var result = await LookAsync(new CertificateQuery { Endpoint = $"127.0.0.1:{server.Port}", ServerName = "www.example.test" }, Path.Combine(folder, "root.pem"));
        var fails = fault is not null && !fault.StartsWith("Certificate.", StringComparison.Ordinal);
        Assert.Equal(fails ? "Endpoint.TlsFailed" : fault, result.Reason);
        Assert.Equal(fault is null ? HealthStatus.Healthy : fails ? HealthStatus.Critical : HealthStatus.Warning, result.Status);
        Assert.Contains(fails ? fault! : string.Empty, result.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("none")]
    [InlineData("smtp")]
    [InlineData("imap")]
    [InlineData("ldap")]
    [InlineData("mysql")]
    [InlineData("postgresql")]
    public async Task A_server_that_is_strange_is_critical(string protocol)
    {
        var random = new Random(1);
        foreach (var act in new Func<Stream, CancellationToken, Task>[]
        {
            (stream, token) => stream.CopyToAsync(Stream.Null, token),
            (_, _) => Task.CompletedTask,
            async (stream, token) =>
            {
                var garbage = new byte[20_000];
                random.NextBytes(garbage);
                await stream.WriteAsync(garbage, token);
                await Task.Delay(200, token);
            },
            async (stream, token) =>
            {
                await stream.WriteAsync("HTTP/1.1 400 Bad Request\r\n\r\n"u8.ToArray(), token);
                await Task.Delay(200, token);
            },
        })
        {
            await using var server = new Misbehaving(act);
            var result = await LookAsync(new CertificateQuery { Endpoint = $"127.0.0.1:{server.Port}", StartTls = protocol }, null, TimeSpan.FromMilliseconds(500));
            Assert.Equal((HealthStatus.Critical, null), (result.Status, result.NotAfter));
            Assert.Contains($"127.0.0.1:{server.Port}", result.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_file_is_compared_with_what_is_served()
    {
        var served = TestCertificates.Localhost;
        var renewed = TestCertificates.Issue("localhost");
        await using var server = Misbehaving.Answering("HTTP/1.1 200 OK\r\n\r\n", HttpProbeTests.Load(served));
        var query = new CertificateQuery { Endpoint = $"localhost:{server.Port}", File = served.CertificateFile, Key = served.KeyFile };
        var same = await LookAsync(query, TestCertificates.CaFile);
        Assert.Equal((HealthStatus.Healthy, true, true), (same.Status, same.IsServed, same.KeyMatches));

        await using var host = new LocalHost();
        var probe = new CertificateProbe(host, new CertificateTerms { CaFile = TestCertificates.CaFile });
        var both = await probe.LookAsync(query with { File = renewed.CertificateFile, Key = renewed.KeyFile }, CancellationToken.None);
        Assert.Equal([(HealthStatus.Warning, "Certificate.NotReloaded", false), (HealthStatus.Healthy, null, false)], both.Select(each => (each.Status, each.Reason, each.IsServed!.Value)));
        Assert.Equal([null, true], both.Select(each => each.KeyMatches));
    }

    private static string Copy(string folder, NginxServer server, string file)
    {
        var copy = Path.Combine(server.Folder, file);
        File.Copy(Path.Combine(folder, file), copy, overwrite: true);
        return copy;
    }

    // As the command does it: what cannot be judged is a status too.
    private static async Task<CertificateStatus> LookAsync(CertificateQuery query, string? caFile, TimeSpan? timeout = null)
    {
        await using var host = new LocalHost();
        var output = new RecordedOutput();
        var terms = new CertificateTerms { CaFile = caFile, Timeout = timeout ?? TimeSpan.FromSeconds(10) };
        if (query.File is not null)
        {
            return Assert.Single(await new CertificateProbe(host, terms).LookAsync(query, CancellationToken.None));
        }

        await CertificateTest.RunAsync(
            host, new CertificateTestRequest { Endpoints = [query.Endpoint!], ServerName = query.ServerName, StartTls = query.StartTls }, terms, output, CancellationToken.None);
        Assert.Empty(output.Errors);
        return Assert.IsType<CertificateStatus>(Assert.Single(output.Items));
    }
}
