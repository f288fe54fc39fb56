using OpsRunbook.Engine.Certificates;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Certificates;

/// <summary>Renewals that fail, each for another cause, at a real authority; and what certbot says where the authority is Let's Encrypt.</summary>
public sealed class CertbotFailureTests
{
    [SkippableFact]
    public async Task A_challenge_that_fails_is_told_by_its_cause()
    {
        await using var site = await RenewalSite.StartAsync(reuse: false);
        await site.Acme.ResolveAsync("www.example.test", false);
        await FailsAsync(site, "Certificate.RenewalDns", "www.example.test: ");
        await site.Acme.ResolveAsync("www.example.test", true);

        await site.Nginx.ReloadAsync(site.Sites().Replace("root ", "location /.well-known/ { return 404; } root ", StringComparison.Ordinal));
        await FailsAsync(site, "Certificate.RenewalChallenge", "404");
        await site.Nginx.ReloadAsync(site.Sites());

        using (site.With("authenticator = standalone"))
        {
            await FailsAsync(site, "Certificate.RenewalPortBusy", $"{site.Nginx.Port}");
        }

        using (site.With("authenticator = manual\npref_challs = http-01,\nmanual_auth_hook = sh -c 'echo no token for the zone >&2; exit 7'"))
        {
            await FailsAsync(site, "Certificate.RenewalHook", "manual-auth-hook");
        }

        using (site.With("authenticator = dns-nowhere"))
        {
            await FailsAsync(site, "Certificate.RenewalPluginMissing", "dns-nowhere");
        }

        await site.Nginx.StopAsync();
        await FailsAsync(site, "Certificate.RenewalPortClosed", "connection refused");
    }

    [SkippableFact]
    public async Task An_authority_that_does_not_play_along_is_told_by_its_cause()
    {
        await using var site = await RenewalSite.StartAsync(reuse: false);
        await LimitAsync(site);
        await site.Acme.StopAsync();
        await FailsAsync(site, "Certificate.RenewalServerDown", "Connection refused");

        site.Acme.Certificate = TestCertificates.SelfSigned();
        await site.Acme.StartAsync();
        await FailsAsync(site, "Certificate.RenewalServerUntrusted", "certificate verify failed");
        await site.Acme.StopAsync();

        site.Acme.Certificate = TestCertificates.Issue("localhost", DateTimeOffset.UtcNow.AddDays(1), DateTimeOffset.UtcNow.AddDays(2));
        await site.Acme.StartAsync();
        await FailsAsync(site, "Certificate.RenewalClock", "not yet valid");
        await site.Acme.StopAsync();

        // After its start it knows nobody.
        site.Acme.Certificate = TestCertificates.Localhost;
        site.Acme.RefusedNonces = 80;
        await site.Acme.StartAsync();
        await FailsAsync(site, "Certificate.RenewalAccount", "does not exist");

        // certbot tries each request twice, so that a renewal, of about ten, does not come through.
        await site.Acme.RegisterAsync(site.Folder, "site");
        await FailsAsync(site, "Certificate.RenewalNonce", "nonce");
    }

    /// <summary>As recorded from certbot 2 and from the documentation of Let's Encrypt: what cannot be had from an authority on loopback.</summary>
    [Theory]
    [InlineData(
        "Certificate.RenewalDns",
        "NXDOMAIN",
        "Certbot failed to authenticate some domains (authenticator: nginx). The Certificate Authority reported these problems:\n  Domain: www.example.test\n  Type:   dns\n  Detail: DNS problem: NXDOMAIN looking up A for www.example.test - check that a DNS record exists for this domain\n")]
    [InlineData(
        "Certificate.RenewalPortClosed",
        "firewall",
        "  Domain: www.example.test\n  Type:   connection\n  Detail: 192.0.2.1: Fetching http://www.example.test/.well-known/acme-challenge/x: Timeout during connect (likely firewall problem)\n")]
    [InlineData(
        "Certificate.RenewalCaa",
        "CAA",
        "  Domain: www.example.test\n  Type:   caa\n  Detail: While processing CAA for www.example.test: CAA record for example.test prevents issuance\n")]
    [InlineData(
        "Certificate.RenewalChallenge",
        "404",
        "  Domain: www.example.test\n  Type:   unauthorized\n  Detail: 192.0.2.1: Invalid response from http://www.example.test/.well-known/acme-challenge/x: 404\n")]
    [InlineData(
        "Certificate.RenewalRateLimited",
        "retry after 2026-11-23 10:00:00 UTC",
        "Failed to renew certificate site with error: urn:ietf:params:acme:error:rateLimited :: There were too many requests of a given type :: too many certificates (5) already issued for this exact set of identifiers in the last 168h0m0s, retry after 2026-11-23 10:00:00 UTC\n")]
    [InlineData(
        "Certificate.RenewalServerDown",
        "Name or service not known",
        "Failed to renew certificate site with error: HTTPSConnectionPool(host='acme-v02.api.letsencrypt.org', port=443): Max retries exceeded with url: /directory (Caused by NewConnectionError('<urllib3.connection.HTTPSConnection object at 0x7f>: Failed to establish a new connection: [Errno -2] Name or service not known'))\n")]
    [InlineData("Certificate.RenewalForbidden", "Errno 13", "The following error was encountered:\n[Errno 13] Permission denied: '/var/log/letsencrypt'\nEither run as root, or set --config-dir, --work-dir, and --logs-dir to writeable paths.\n")]
    [InlineData("Certificate.RenewalDiskFull", "No space", "Failed to renew certificate site with error: [Errno 28] No space left on device\n")]
    [InlineData("Certificate.RenewalConfigInvalid", "to be a symlink", "Renewal configuration file /etc/letsencrypt/renewal/site.conf is broken.\nThe error was: expected /etc/letsencrypt/live/site/cert.pem to be a symlink\nSkipping.\n")]
    public void What_certbot_says_is_understood(string id, string part, string text)
    {
        var failure = CertbotFailure.Find(text);
        Assert.Equal(id, failure!.Id);
        Assert.Contains(part, failure.Cause, StringComparison.Ordinal);
        Assert.NotEmpty(failure.NextStep);
    }

    [Fact]
    public void What_is_not_understood_is_told_in_its_own_words()
    {
        const string Text = "Saving debug log to /x\nFailed to renew certificate site with error: The moon is full.\nAsk for help\n";
        Assert.Null(CertbotFailure.Find(Text));
        Assert.Equal("certbot failed: The moon is full", CertbotFailure.Unknown(Text).Cause);
        Assert.Equal("certbot failed: it said nothing", CertbotFailure.Unknown("\n").Cause);
        Assert.True(CertbotFailure.Unknown(new string('x', 100_000)).Cause.Length < 400);
    }

    // pebble knows no limits; an nginx that answers like an authority whose limit is reached stands in for one.
    private static async Task LimitAsync(RenewalSite site)
    {
        const string Problem = """{"type":"urn:ietf:params:acme:error:rateLimited","detail":"too many certificates (5) already issued for this exact set of domains in the last 168 hours, retry after 2026-11-23T10:00:00Z","status":429}""";
        await using var server = await Servers.NewNginxAsync(nginx => $$"""
            server {
              listen 127.0.0.1:{{nginx.Port}}; listen 127.0.0.1:{{nginx.TlsPort}} ssl;
              ssl_certificate {{nginx.Folder}}/cert.pem; ssl_certificate_key {{nginx.Folder}}/key.pem;
              add_header Replay-Nonce bm9uY2Utbm9uY2Utbm9uY2U always;
              location /dir { default_type application/json; return 200 '{"newNonce":"https://127.0.0.1:{{nginx.TlsPort}}/nonce","newAccount":"https://127.0.0.1:{{nginx.TlsPort}}/account","newOrder":"https://127.0.0.1:{{nginx.TlsPort}}/order","revokeCert":"https://127.0.0.1:{{nginx.TlsPort}}/revoke","meta":{} }'; }
              location /nonce { return 204; }
              location /order { default_type application/problem+json; return 429 '{{Problem}}'; }
            }
            """);
        var accounts = Path.Combine(site.Config, "accounts");
        await Tool.RunAsync("cp", ["-r", $"{accounts}/127.0.0.1:{site.Acme.Port}", $"{accounts}/127.0.0.1:{server.TlsPort}"]);
        using var other = site.With($"server = https://127.0.0.1:{server.TlsPort}/dir");
        await FailsAsync(site, "Certificate.RenewalRateLimited", "retry after 2026-11-23T10:00:00Z");
    }

    private static async Task FailsAsync(RenewalSite site, string id, string part)
    {
        var links = await site.LinksAsync();
        var output = await site.RunAsync();
        var change = Assert.IsType<CertificateChange>(Assert.Single(output.Items));
        Assert.Equal((id, part), (change.Reason, change.Message.Contains(part, StringComparison.Ordinal) ? part : change.Message));
        Assert.Equal((HealthStatus.Critical, ServiceOutcome.Failed), (change.Status, change.Outcome));
        Assert.Equal(id, Assert.Single(output.Errors).Id);
        Assert.Equal(links, await site.LinksAsync());
    }
}
