using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using OpsRunbook.Engine.Certificates;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Certificates;

/// <summary>Certificates in files, of every sort that openssl makes, held against what openssl says about them.</summary>
public sealed class CertificateFileTests
{
    private static readonly string[] Kinds =
    [
        "p256", "p384", "rsa1024", "rsa2048", "rsa4096", "rsa8192", "ed25519", "sha1", "nocn", "nosubject", "nosan", "idn", "addresses", "many", "client",
        "strange", "twocommon", "commonwild", "commonmail", "commonaddress", "organization",
        "selfsigned", "forged", "expired", "future", "soon", "chained", "between",
    ];

    private static readonly string[] Names =
    [
        "www.example.test", "WWW.Example.Test", "example.test", "a.apps.example.test", "a.b.apps.example.test", "apps.example.test", "nosan.example.test",
        "p256", "xn--bcher-kva.example.test", "name-9999.many.example.test", "addresses.example.test", "192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:0db8:0:0::1",
        "x.top", "a.b.test", "x.y.example.test", "xn--a.odd.example.test", "a_b.apps.example.test", "-a.apps.example.test", "*.apps.example.test",
        "x.under_score.example.test", "under_score.example.test", "a.dot.example.test", "198.51.100.7",
    ];


    [Fact]
    public async Task Verdicts_agree_with_openssl()
    {
        var folder = await OpenSslCertificates.FolderAsync();

        // Everything that openssl is asked, in one go: trust, the end of validity, and each name.
        var script = $$"""
            cd "$1"
            for c in {{string.Join(' ', Kinds)}}; do
              openssl verify -CAfile root.pem $c.pem >/dev/null 2>&1 && echo "$c trusted" || echo "$c untrusted"
              echo "$c until $(openssl x509 -in $c.pem -noout -enddate -dateopt iso_8601 | cut -d= -f2)"
              openssl x509 -in $c.pem -noout -checkend $((30*86400)) >/dev/null && echo "$c lasts" || echo "$c ends"
              for n in {{string.Join(' ', Names)}}; do
                case $n in *:*|[0-9]*.*[0-9]) o=-checkip;; *) o=-checkhost;; esac
                openssl x509 -in $c.pem -noout $o $n | grep -q 'does match' && echo "$c is $n" || echo "$c not $n"
              done
            done
            """;
        var theirs = (await Tool.RunAsync("sh", ["-c", script, "sh", folder], timeout: TimeSpan.FromMinutes(2))).Split('\n', StringSplitOptions.RemoveEmptyEntries);

        var ours = new List<string>();
        foreach (var kind in Kinds)
        {
            var status = await OneAsync(folder, kind + ".pem", ca: "root.pem");
            ours.Add($"{kind} {(status.IsTrusted == true ? "trusted" : "untrusted")}");
            ours.Add(string.Create(CultureInfo.InvariantCulture, $"{kind} until {status.NotAfter:yyyy-MM-dd HH:mm:ssZ}"));
            ours.Add($"{kind} {(status.DaysLeft >= 30 ? "lasts" : "ends")}");
            using var certificate = X509CertificateLoader.LoadCertificateFromFile(Path.Combine(folder, kind + ".pem"));
            var names = CertificateNames.Of(certificate);
            ours.AddRange(Names.Select(name => $"{kind} {(names.Match(name) ? "is" : "not")} {name}"));
        }

        Assert.Equal(theirs, ours);
    }

    [Theory]
    [InlineData("bücher.example.test", true)]
    [InlineData("BÜCHER.Example.Test", true)]
    [InlineData("büche.example.test", false)]
    public async Task International_names_are_compared_in_the_form_of_certificates(string name, bool matches)
    {
        var status = await OneAsync(await OpenSslCertificates.FolderAsync(), "idn.pem", ca: "root.pem", serverName: name);
        Assert.Equal(matches, status.NameMatches);
    }

    [Theory]
    [InlineData("commonmail", "www.example.test", "Certificate.NoAlternativeNames")]
    [InlineData("commonaddress", "www.example.test", "Certificate.NoAlternativeNames")]
    [InlineData("commonaddress", "192.0.2.1", null)]
    [InlineData("organization", "www.example.test", "Certificate.NameMismatch")]
    [InlineData("damagednames", "www.example.test", "Certificate.NamesDamaged")]
    public async Task Names_that_some_clients_do_not_accept_are_told(string kind, string name, string? reason)
    {
        var status = await OneAsync(await OpenSslCertificates.FolderAsync(), kind + ".pem", ca: "root.pem", serverName: name);
        Assert.Equal(reason, status.Reason);
    }

    [Theory]
    [InlineData("p256", "ECDSA", 256, null)]
    [InlineData("p384", "ECDSA", 384, null)]
    [InlineData("rsa2048", "RSA", 2048, null)]
    [InlineData("rsa4096", "RSA", 4096, null)]
    [InlineData("rsa8192", "RSA", 8192, null)]
    [InlineData("ed25519", "Ed25519", 256, null)]
    [InlineData("rsa1024", "RSA", 1024, "Certificate.WeakKey")]
    [InlineData("sha1", "ECDSA", 256, "Certificate.WeakSignature")]
    [InlineData("nosan", "ECDSA", 256, "Certificate.NoAlternativeNames")]
    [InlineData("selfsigned", "ECDSA", 256, "Certificate.SelfSigned")]
    [InlineData("expired", "ECDSA", 256, "Certificate.Expired")]
    [InlineData("future", "ECDSA", 256, "Certificate.NotYetValid")]
    [InlineData("soon", "ECDSA", 256, "Certificate.Expiring")]
    [InlineData("forged", "ECDSA", 256, "Certificate.ChainIncomplete")]
    [InlineData("chained", "ECDSA", 256, "Certificate.ChainIncomplete")]
    [InlineData("fullchain", "ECDSA", 256, null)]
    [InlineData("wrongorder", "ECDSA", 256, "Certificate.WrongOrder")]
    public async Task What_is_wrong_is_named(string kind, string keyKind, int bits, string? reason)
    {
        var status = await OneAsync(await OpenSslCertificates.FolderAsync(), kind + ".pem", ca: "root.pem");
        Assert.Equal((keyKind, bits), (status.KeyKind, status.KeySize!.Value));
        Assert.Equal(reason is null ? [] : [reason], status.Findings.Select(finding => finding.Reason));
        Assert.Equal(reason is null or "Certificate.ChainIncomplete", status.Status == HealthStatus.Healthy);
        Assert.DoesNotContain("PRIVATE", status.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_chain_shows_every_link()
    {
        var status = await OneAsync(await OpenSslCertificates.FolderAsync(), "fullchain.pem", ca: "root.pem");
        Assert.Equal(["CN=chained", "CN=Between", "CN=Root"], status.Chain.Select(link => link.Subject));
        Assert.Equal([true, true, false], status.Chain.Select(link => link.IsPresented));
        Assert.Equal([false, false, true], status.Chain.Select(link => link.IsTrusted));
        Assert.All(status.Chain, link => Assert.True(link.DaysLeft is > 80 and < 3660));
    }

    [Theory]
    [InlineData("bom.pem")]
    [InlineData("crlf.pem")]
    [InlineData("comments.pem")]
    [InlineData("utf16.pem")]
    [InlineData("trusted.pem")]
    [InlineData("withkey.pem")]
    [InlineData("p256.der")]
    [InlineData("junk.der")]
    [InlineData("p256.p12")]
    public async Task The_same_certificate_is_found_in_any_clothes(string file)
    {
        var folder = await OpenSslCertificates.FolderAsync();
        var plain = await OneAsync(folder, "p256.pem");
        var dressed = await OneAsync(folder, file, password: "sesame");
        Assert.Equal((plain.Thumbprint, plain.NotAfter, plain.Serial), (dressed.Thumbprint, dressed.NotAfter, dressed.Serial));
        Assert.Equal(file is "withkey.pem" or "p256.p12" ? true : null, dressed.KeyMatches);
    }

    [Theory]
    [InlineData("bag.p7b")]
    [InlineData("bag.der.p7b")]
    public async Task A_bag_is_a_chain(string file) => Assert.True((await OneAsync(await OpenSslCertificates.FolderAsync(), file, ca: "root.pem")).IsTrusted);

    [Fact]
    public async Task Several_certificates_of_one_file_are_several()
    {
        var (statuses, errors) = await RunAsync(await OpenSslCertificates.FolderAsync(), "several.pem");
        Assert.Empty(errors);
        Assert.Equal(["CN=p256", "CN=expired", "CN=selfsigned"], statuses.Select(status => status.Subject));
    }

    [Theory]
    [InlineData("empty.pem", "Certificate.FileEmpty")]
    [InlineData("truncated.pem", "Certificate.FileDamaged")]
    [InlineData("notbase64.pem", "Certificate.FileDamaged")]
    [InlineData("truncated.der", "Certificate.FileDamaged")]
    [InlineData("p256.key", "Certificate.KeyInstead")]
    [InlineData("p256.enc.key", "Certificate.KeyInstead")]
    [InlineData("p256.der.key", "Certificate.KeyInstead")]
    [InlineData("request.pem", "Certificate.FileInvalid")]
    [InlineData("text.pem", "Certificate.FileInvalid")]
    [InlineData("noise.pem", "Certificate.FileInvalid")]
    [InlineData("p256.p12", "Certificate.PasswordWrong")]
    public async Task What_is_no_certificate_is_said_to_be_none(string file, string reason)
    {
        var folder = await OpenSslCertificates.FolderAsync();
        foreach (var password in file == "p256.p12" ? new[] { "wrong", null } : [null])
        {
            var (statuses, errors) = await RunAsync(folder, file, password: password);
            var status = Assert.Single(statuses);
            Assert.Empty(errors);
            Assert.Equal((HealthStatus.Critical, reason, null, null), (status.Status, status.Reason, status.NotAfter, status.DaysLeft));
            Assert.Contains(file, status.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Every_beginning_of_a_file_and_every_flipped_byte_is_a_verdict()
    {
        var folder = await OpenSslCertificates.FolderAsync();
        var random = new Random(1);
        foreach (var name in new[] { "p256.pem", "p256.der", "p256.p12", "bag.der.p7b", "p256.key", "p256.der.key" })
        {
            var whole = await File.ReadAllBytesAsync(Path.Combine(folder, name));
            for (var i = 0; i < 150; i++)
            {
                var bytes = whole[..random.Next(whole.Length + 1)];
                if (i % 2 == 0)
                {
                    bytes = [.. whole];
                    bytes[random.Next(bytes.Length)] ^= (byte)random.Next(1, 256);
                }

                try
                {
                    using var content = CertificateFile.Parse(name, bytes, "sesame");
                    foreach (var certificate in content.Certificates)
                    {
                        _ = new CertificateJudge(new CertificateTerms()).Judge(new CertificateEvidence(certificate, name));
                    }
                }
                catch (OpsException error)
                {
                    Assert.StartsWith("Certificate.", error.Id, StringComparison.Ordinal);
                }
            }
        }
    }

    [Theory]
    [InlineData("p256", "p256.key", null, true)]
    [InlineData("p256", "p256.ec.key", null, true)]
    [InlineData("p256", "p256.der.key", null, true)]
    [InlineData("p256", "p256.enc.key", "sesame", true)]
    [InlineData("p384", "p384.key", null, true)]
    [InlineData("rsa2048", "rsa2048.key", null, true)]
    [InlineData("rsa2048", "rsa2048.rsa.key", null, true)]
    [InlineData("rsa2048", "rsa2048.enc.key", "sesame", true)]
    [InlineData("rsa2048", "rsa2048.old.key", "sesame", true)]
    [InlineData("ed25519", "ed25519.key", null, true)]
    [InlineData("ed25519", "ed25519.enc.key", "sesame", true)]
    [InlineData("p256", "p384.key", null, false)]
    [InlineData("p256", "root.key", null, false)]
    [InlineData("p256", "rsa2048.key", null, false)]
    [InlineData("rsa8192", "rsa8192.key", null, true)]
    [InlineData("rsa2048", "rsa4096.key", null, false)]
    [InlineData("rsa4096", "rsa8192.key", null, false)]
    [InlineData("ed25519", "p256.key", null, false)]
    [InlineData("p256", "p256.enc.key", "wrong", null, "Certificate.KeyPassphraseWrong")]
    [InlineData("rsa2048", "rsa2048.enc.key", "wrong", null, "Certificate.KeyPassphraseWrong")]
    [InlineData("rsa2048", "rsa2048.old.key", "wrong", null, "Certificate.KeyPassphraseWrong")]
    [InlineData("ed25519", "ed25519.enc.key", "wrong", null, "Certificate.KeyPassphraseWrong")]
    [InlineData("p256", "p256.enc.key", null, null, "Certificate.KeyPassphraseMissing")]
    [InlineData("rsa2048", "rsa2048.old.key", null, null, "Certificate.KeyPassphraseMissing")]
    [InlineData("p256", "p256.pem", null, null, "Certificate.KeyInvalid")]
    [InlineData("p256", "text.pem", null, null, "Certificate.KeyInvalid")]
    [InlineData("p256", "nowhere.key", null, null, "Certificate.KeyMissing")]
    public async Task A_key_of_any_kind_is_compared(string certificate, string key, string? password, bool? matches, string? reason = null)
    {
        var folder = await OpenSslCertificates.FolderAsync();
        var status = await OneAsync(folder, certificate + ".pem", password: password, key: key, ca: "root.pem");
        Assert.Equal(matches, status.KeyMatches);
        Assert.Equal(matches == false ? "Certificate.KeyMismatch" : reason, status.Reason);
        Assert.Equal(
            matches == true ? HealthStatus.Healthy : reason == "Certificate.KeyPassphraseMissing" ? HealthStatus.Unknown : HealthStatus.Critical,
            status.Status);
    }

    [Theory]
    [InlineData(0, HealthStatus.Healthy, null)]
    [InlineData(61, HealthStatus.Warning, "Certificate.Expiring")]
    [InlineData(84, HealthStatus.Critical, "Certificate.Expiring")]
    [InlineData(91, HealthStatus.Critical, "Certificate.Expired")]
    [InlineData(-2, HealthStatus.Critical, "Certificate.NotYetValid")]
    public async Task It_is_judged_for_the_moment_asked_for(int days, HealthStatus status, string? reason)
    {
        var result = await OneAsync(await OpenSslCertificates.FolderAsync(), "p256.pem", ca: "root.pem", at: DateTime.UtcNow.AddDays(days));
        Assert.Equal((status, reason), (result.Status, result.Reason));
        Assert.Equal(Math.Abs(days) < 90 && days >= 0, result.IsTrusted);
        Assert.InRange(result.DaysLeft!.Value, 89 - days, 90 - days);
    }

    [Fact]
    public async Task The_name_asked_for_must_be_there()
    {
        var folder = await OpenSslCertificates.FolderAsync();
        Assert.True((await OneAsync(folder, "idn.pem", serverName: "bücher.example.test")).NameMatches);
        var status = await OneAsync(folder, "many.pem", serverName: "name-10001.many.example.test");
        Assert.Equal((HealthStatus.Critical, "Certificate.NameMismatch", 10_000), (status.Status, status.Reason, status.Names.Count));
        Assert.True(status.Message.Length < 300);
    }

    [SkippableFact]
    public async Task A_folder_is_read_to_its_bottom_on_any_host()
    {
        var made = await OpenSslCertificates.FolderAsync();
        var folder = TestRun.NewFolder("folder");
        Directory.CreateDirectory(Path.Combine(folder, "below", "further"));
        File.Copy(Path.Combine(made, "p256.pem"), Path.Combine(folder, "a.pem"));
        File.Copy(Path.Combine(made, "expired.pem"), Path.Combine(folder, "below", "b with space.crt"));
        File.Copy(Path.Combine(made, "truncated.pem"), Path.Combine(folder, "below", "further", "c.pem"));
        File.Copy(Path.Combine(made, "p256.key"), Path.Combine(folder, "p256.key"));
        File.Copy(Path.Combine(made, "text.pem"), Path.Combine(folder, "README"));
        File.CreateSymbolicLink(Path.Combine(folder, "link.pem"), Path.Combine(folder, "a.pem"));
        File.CreateSymbolicLink(Path.Combine(folder, "loop"), folder);
        await using var local = new LocalHost();
        var ssh = await Servers.SshdAsync();
        await using var remote = HostFactory.Create("server", new OpsStack { Hosts = { ["server"] = new StackHost { Ssh = ssh.Destination, Identity = ssh.IdentityFile, Options = new Dictionary<string, string>(ssh.Options) } } });
        foreach (var host in new IHost[] { local, remote })
        {
            var output = new RecordedOutput();
            await CertificateTest.RunAsync(host, new CertificateTestRequest { Paths = [folder] }, new CertificateTerms(), output, CancellationToken.None);
            var found = output.Items.Cast<CertificateStatus>().ToList();
            Assert.Equal(["a.pem", "b with space.crt", "c.pem", "link.pem"], found.Select(status => Path.GetFileName(status.Source)));
            Assert.Equal([null, "Certificate.Expired", "Certificate.FileDamaged", null], found.Select(status => status.Reason));
            Assert.All(found, status => Assert.Equal(host.Name, status.Host));
        }
    }

    [Fact]
    public async Task What_does_not_exist_is_an_error_and_the_rest_goes_on()
    {
        var folder = await OpenSslCertificates.FolderAsync();
        var output = new RecordedOutput();
        await using var host = new LocalHost();
        var request = new CertificateTestRequest { Paths = ["/nowhere/x.pem", Path.Combine(folder, "p25*.pem"), "/nowhere/*.pem"] };
        await CertificateTest.RunAsync(host, request, new CertificateTerms(), output, CancellationToken.None);
        Assert.Equal(["Certificate.FileMissing", "Certificate.FileMissing"], output.Errors.Select(error => error.Id));
        Assert.Equal("CN=p256", Assert.Single(output.Items.Cast<CertificateStatus>()).Subject);
    }

    private static async Task<CertificateStatus> OneAsync(
        string folder, string file, string? password = null, string? key = null, string? ca = null, string? serverName = null, DateTime? at = null)
    {
        var (statuses, errors) = await RunAsync(folder, file, password, key, ca, serverName, at);
        Assert.Empty(errors);
        return Assert.Single(statuses);
    }

    private static async Task<(IReadOnlyList<CertificateStatus> Statuses, IReadOnlyList<OpsException> Errors)> RunAsync(
        string folder, string file, string? password = null, string? key = null, string? ca = null, string? serverName = null, DateTime? at = null)
    {
        var output = new RecordedOutput();
        await using var host = new LocalHost();
        var terms = new CertificateTerms { Password = password, CaFile = ca is null ? null : Path.Combine(folder, ca), At = at ?? DateTime.UtcNow };
        var request = new CertificateTestRequest { Paths = [Path.Combine(folder, file)], KeyPath = key is null ? null : Path.Combine(folder, key), ServerName = serverName };
        await CertificateTest.RunAsync(host, request, terms, output, CancellationToken.None);
        return (output.Items.Cast<CertificateStatus>().ToList(), output.Errors);
    }
}
