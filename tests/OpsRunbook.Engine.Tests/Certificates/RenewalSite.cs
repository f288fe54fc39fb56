using OpsRunbook.Engine.Certificates;
using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Engine.State;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Certificates;

/// <summary>An nginx whose certificate certbot has issued, and a stack that knows both.</summary>
internal sealed class RenewalSite : IAsyncDisposable
{
    private const string Lineage = "site";
    private const string Name = "www.example.test";

    private RenewalSite(NginxServer nginx, AcmeServer acme, string folder)
    {
        Nginx = nginx;
        Acme = acme;
        Folder = folder;
    }

    public NginxServer Nginx { get; }

    public AcmeServer Acme { get; }

    /// <summary>certbot's folder.</summary>
    public string Folder { get; }

    public string Config => Path.Combine(Folder, "config");

    public string Live => Path.Combine(Config, "live", Lineage);

    public string RenewalFile => Path.Combine(Config, "renewal", Lineage + ".conf");

    public string JournalFolder { get; } = TestRun.NewFolder("journal");

    public static async Task<RenewalSite> StartAsync(bool reuse)
    {
        var nginx = await Servers.NewNginxAsync(Http);
        var acme = await Servers.NewAcmeAsync(nginx.Port, reuse);
        var site = new RenewalSite(nginx, acme, await acme.IssueAsync(Lineage, ["--webroot", "-w", nginx.HtmlFolder], Name));
        await nginx.ReloadAsync(site.Sites());
        await site.ServedAsync(await site.ThumbprintAsync());
        return site;
    }

    public StackCertificate Certificate() => new()
    {
        Endpoint = $"127.0.0.1:{Nginx.TlsPort}",
        ServerName = Name,
        File = $"{Live}/fullchain.pem",
        Key = $"{Live}/privkey.pem",
        Renew = "certbot",
        Reload = "web",
    };

    public OpsStack Stack(StackCertificate? certificate = null) => new()
    {
        Name = "test",
        WebServers = { ["web"] = new StackWebServer { Engine = "nginx", Config = Nginx.ConfigFile } },
        Certificates = { ["site"] = certificate ?? Certificate() },
    };

    public async Task<RecordedOutput> RunAsync(OpsStack? stack = null, Func<CertificateRenewalRequest, CertificateRenewalRequest>? change = null, bool whatIf = false, CancellationToken cancellationToken = default)
    {
        var output = new RecordedOutput { IsWhatIf = whatIf };
        await using var session = new StackSession(stack ?? Stack());
        var request = new CertificateRenewalRequest { CertbotFolder = Config, CertbotProgram = Acme.Certbot, Timeout = TimeSpan.FromSeconds(5) };
        var runner = new ChangeRunner(output, new FileJournal(JournalFolder), new ChangeOrigin("Update-Certificate", "test"));
        await new CertificateRenewals(session, runner, output).RunAsync(change is null ? request : change(request), null, cancellationToken);
        return output;
    }

    public async Task<IReadOnlyList<JournalRecord>> JournalAsync()
    {
        var records = new List<JournalRecord>();
        await foreach (var record in new FileJournal(JournalFolder).ReadAsync(new RecordedOutput(), CancellationToken.None))
        {
            records.Add(record);
        }

        return records;
    }

    public async Task<string> ThumbprintAsync() => (await Tool.RunAsync("openssl", ["x509", "-in", $"{Live}/cert.pem", "-noout", "-fingerprint", "-sha256"])).Split('=')[1].Trim().Replace(":", string.Empty, StringComparison.Ordinal);

    /// <summary>What nginx serves, by openssl.</summary>
    public async Task<string> ServedThumbprintAsync() => (await Tool.RunAsync(
        "sh", ["-c", "openssl s_client -connect \"$1\" -servername \"$2\" </dev/null 2>/dev/null | openssl x509 -noout -fingerprint -sha256", "sh", $"127.0.0.1:{Nginx.TlsPort}", Name]))
        .Split('=')[1].Trim().Replace(":", string.Empty, StringComparison.Ordinal);

    public async Task ServedAsync(string thumbprint)
    {
        for (var i = 0; i < 200; i++)
        {
            try
            {
                if (await ServedThumbprintAsync() == thumbprint)
                {
                    return;
                }
            }
            catch (InvalidOperationException)
            {
                // It does not listen yet.
            }

            await Task.Delay(50);
        }

        throw new InvalidOperationException("nginx does not serve the certificate.");
    }

    /// <summary>The lineage's links.</summary>
    public Task<string> LinksAsync() => Tool.RunAsync("sh", ["-c", "readlink \"$1\"/*.pem", "sh", Live]);

    /// <summary>Has the renewal configuration say something for as long as the result is not disposed.</summary>
    public IDisposable With(string setting)
    {
        var before = File.ReadAllText(RenewalFile);
        File.WriteAllText(RenewalFile, setting.StartsWith("renew_before", StringComparison.Ordinal)
            ? setting + "\n" + before
            : Without(before, setting.Split('=')[0]).Replace("[renewalparams]\n", $"[renewalparams]\n{setting}\n", StringComparison.Ordinal));
        return new Undo(() => File.WriteAllText(RenewalFile, before));
    }

    /// <summary>Has nginx's configuration be as it is now once the result is disposed; nginx is not told.</summary>
    public IDisposable KeepNginx()
    {
        var before = File.ReadAllText(Nginx.ConfigFile);
        return new Undo(() => File.WriteAllText(Nginx.ConfigFile, before));
    }

    public string Sites() => Http(Nginx) + $$"""
        server { listen 127.0.0.1:{{Nginx.TlsPort}} ssl; server_name {{Name}}; ssl_certificate {{Live}}/fullchain.pem; ssl_certificate_key {{Live}}/privkey.pem; root {{Nginx.HtmlFolder}}; }
        """;

    public async ValueTask DisposeAsync()
    {
        await Nginx.DisposeAsync();
        await Acme.DisposeAsync();
    }

    private static string Http(NginxServer server) => $"server {{ listen 127.0.0.1:{server.Port}; root {server.HtmlFolder}; }}\n";

    private static string Without(string text, string key) => string.Concat(text.Split('\n').Where(line => line.Length > 0 && !line.StartsWith(key, StringComparison.Ordinal)).Select(line => line + "\n"));

    private sealed class Undo(Action action) : IDisposable
    {
        public void Dispose() => action();
    }
}
