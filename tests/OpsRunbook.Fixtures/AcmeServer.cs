using System.Net.Http;
using System.Text;

namespace OpsRunbook.Fixtures;

/// <summary>
/// A certificate authority that speaks ACME (pebble), with the DNS that it believes (pebble-challtestsrv: every name is 127.0.0.1), and certbot,
/// which trusts it. Names are proved by HTTP on <see cref="HttpPort"/>.
/// </summary>
public sealed class AcmeServer : ServerProcess
{
    private readonly string _program;
    private readonly int _management = TestRun.FreePort();
    private readonly ChallengeDns _dns;
    private readonly Dictionary<string, string> _environment;

    private AcmeServer(int httpPort, bool reuse)
        : base("acme")
    {
        _program = Tool.Require("pebble", "ACME", "pebble");
        _ = Tool.Require("certbot", "ACME", "certbot");
        _dns = new ChallengeDns();
        HttpPort = httpPort;
        _environment = new Dictionary<string, string> { ["PEBBLE_VA_NOSLEEP"] = "1", ["PEBBLE_WFE_NONCEREJECT"] = "0", ["PEBBLE_AUTHZREUSE"] = reuse ? "100" : "0" };
    }

    /// <summary>Port on which it looks for the answers of HTTP-01.</summary>
    public int HttpPort { get; }

    /// <summary>Its directory.</summary>
    public string Url => $"https://{Host}:{Port}/dir";

    /// <summary>certbot, which trusts this server: a path for <c>-CertbotPath</c>.</summary>
    public string Certbot => Path.Combine(Folder, "certbot");

    /// <summary>Certificate with which it serves itself; another one is used after its next start.</summary>
    public TestCertificate Certificate { get; set; } = TestCertificates.Localhost;

    /// <summary>Of a hundred good nonces so many are refused after its next start.</summary>
    public int RefusedNonces { get; set; }

    /// <summary>Has certbot issue a certificate, which is valid for 20 days and therefore due.</summary>
    /// <param name="name">Name of the lineage.</param>
    /// <param name="authenticator">How it proves the names: <c>--standalone</c>, or <c>--webroot</c> with its folder.</param>
    /// <param name="names">Names of the certificate.</param>
    /// <returns>Folder of certbot, with <c>config</c>, <c>work</c> and <c>logs</c>.</returns>
    public async Task<string> IssueAsync(string name, IEnumerable<string> authenticator, params string[] names)
    {
        var folder = TestRun.NewFolder("certbot");
        await Tool.RunAsync(Certbot, [
            "certonly", .. Folders(folder), "--server", Url, .. authenticator, "--http-01-port", $"{HttpPort}", "--cert-name", name,
            "-n", "--agree-tos", "-m", "ops@example.test", .. names.SelectMany(each => new[] { "-d", each }),
        ]);
        if (Tool.IsRoot)
        {
            // As certbot's documentation has it for servers that do not begin as root; certbot keeps it so when it renews.
            await Tool.RunAsync("sh", ["-c", "chmod 755 config/live config/archive; chgrp www-data config/archive/*/privkey*.pem; chmod 640 config/archive/*/privkey*.pem"], folder: folder);
        }

        return folder;
    }

    /// <summary>Registers an account anew, after a start has forgotten all of them, and gives it to a lineage.</summary>
    /// <param name="folder">Folder of certbot.</param>
    /// <param name="name">Name of the lineage.</param>
    /// <returns>A task.</returns>
    public async Task RegisterAsync(string folder, string name)
    {
        for (var attempt = 0; ; attempt++)
        {
            await Tool.RunAsync("rm", ["-rf", Path.Combine(folder, "config", "accounts")]);
            var result = await Tool.TryRunAsync(Certbot, ["register", .. Folders(folder), "--server", Url, "-n", "--agree-tos", "-m", "ops@example.test"]);
            if (result.ExitCode == 0)
            {
                break;
            }

            if (attempt == 50)
            {
                throw new InvalidOperationException(result.Error);
            }
        }

        var account = Path.GetFileName(Directory.GetDirectories(Path.Combine(folder, "config", "accounts"), "*", SearchOption.AllDirectories).First(path => File.Exists(Path.Combine(path, "regr.json"))));
        var file = Path.Combine(folder, "config", "renewal", name + ".conf");
        await File.WriteAllLinesAsync(file, (await File.ReadAllLinesAsync(file)).Select(line => line.StartsWith("account =", StringComparison.Ordinal) ? $"account = {account}" : line));
    }

    /// <summary>Has a name not resolve, or again.</summary>
    /// <param name="name">The name.</param>
    /// <param name="resolves">It does.</param>
    /// <returns>A task.</returns>
    public Task ResolveAsync(string name, bool resolves) => _dns.TellAsync(resolves ? "clear-servfail" : "set-servfail", $$"""{"host":"{{name}}"}""");

    /// <inheritdoc/>
    public override async Task StopAsync()
    {
        await base.StopAsync();
        await _dns.StopAsync();
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await _dns.DisposeAsync();
    }

    internal static async Task<AcmeServer> CreateAsync(int httpPort, bool reuse)
    {
        var server = new AcmeServer(httpPort, reuse);
        await File.WriteAllTextAsync(server.Certbot, $"#!/bin/sh\nexport REQUESTS_CA_BUNDLE={TestCertificates.CaFile}\nexec certbot \"$@\"\n");
        File.SetUnixFileMode(server.Certbot, (UnixFileMode)0b111_101_101);
        await server.StartAsync();
        return server;
    }

    private protected override IEnumerable<string> Command()
    {
        File.WriteAllText(Path.Combine(Folder, "config.json"), $$"""
            {"pebble":{"listenAddress":"{{Host}}:{{Port}}","managementListenAddress":"{{Host}}:{{_management}}","certificate":"{{Certificate.ChainFile}}","privateKey":"{{Certificate.KeyFile}}",
            "httpPort":{{HttpPort}},"tlsPort":{{TestRun.FreePort()}},"ocspResponderURL":"","externalAccountBindingRequired":false,"certificateValidityPeriod":1728000}
            }
            """);
        return [_program, "-config", $"{Folder}/config.json", "-dnsserver", $"{Host}:{_dns.Port}"];
    }

    private protected override IReadOnlyDictionary<string, string> ServerEnvironment() =>
        new Dictionary<string, string>(_environment) { ["PEBBLE_WFE_NONCEREJECT"] = $"{RefusedNonces}" };

    private protected override async Task AskAsync()
    {
        await _dns.StartAsync();
        (await ConnectAsync(Port)).Dispose();
    }

    private static string[] Folders(string folder) => ["--config-dir", $"{folder}/config", "--work-dir", $"{folder}/work", "--logs-dir", $"{folder}/logs"];

    private sealed class ChallengeDns() : ServerProcess("challtestsrv")
    {
        private readonly string _program = Tool.Require("pebble-challtestsrv", "ACME", "pebble");
        private readonly int _management = TestRun.FreePort();

        public async Task TellAsync(string what, string body)
        {
            using var http = new HttpClient();
            using var content = new StringContent(body, Encoding.UTF8, "application/json");
            (await http.PostAsync(new Uri($"http://{Host}:{_management}/{what}"), content)).EnsureSuccessStatusCode();
        }

        private protected override IEnumerable<string> Command() =>
        [
            _program, "-defaultIPv6", string.Empty, "-dns01", $"{Host}:{Port}", "-http01", string.Empty, "-https01", string.Empty, "-tlsalpn01", string.Empty, "-management", $"{Host}:{_management}",
        ];

        private protected override async Task AskAsync() => (await ConnectAsync(_management)).Dispose();
    }
}
