using System.Text.Json;
using OpsRunbook.Engine.Certificates;
using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Engine.State;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Certificates;

/// <summary>A certificate in the place of another on a real nginx, and the way back.</summary>
public sealed class TemporaryCertificateTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    [SkippableFact]
    public async Task A_broken_certificate_is_replaced_and_comes_back_byte_for_byte()
    {
        await using var site = await Site.StartAsync();
        var before = site.Read();
        var output = new RecordedOutput();
        await site.DeployAsync(output, new TemporaryCertificateRequest { Names = ["localhost", "www.example.test", "127.0.0.1"], For = TimeSpan.FromDays(2) });
        Assert.Empty(output.Errors);
        var change = Assert.IsType<CertificateChange>(Assert.Single(output.Items));
        Assert.Equal((HealthStatus.Healthy, ServiceOutcome.Done, true), (change.Status, change.Outcome, change.IsServed));
        Assert.InRange(change.NotAfter!.Value, DateTime.UtcNow.AddDays(1.9), DateTime.UtcNow.AddDays(2.1));
        Assert.NotEqual(change.PreviousThumbprint, change.Thumbprint);
        Assert.DoesNotContain("PRIVATE", JsonSerializer.Serialize(change), StringComparison.Ordinal);

        var now = Assert.Single(await site.LookAsync());
        Assert.Equal(("ECDSA", 256, true, true, true), (now.KeyKind, now.KeySize!.Value, now.KeyMatches, now.NameMatches, now.IsServed));
        Assert.Equal(["localhost", "www.example.test", "127.0.0.1"], now.Names);
        Assert.Equal("Certificate.SelfSigned", now.Findings.Single(finding => finding.Reason != "Certificate.Expiring").Reason);

        // The new key is for whom the old one was for, and so is the copy.
        Assert.Equal(before.Owner, Site.Owner(site.Key));
        Assert.Equal(before.Owner, Site.Owner(change.PreviousKey!));
        Assert.Equal(before.KeyBytes, await File.ReadAllBytesAsync(change.PreviousKey!));
        Assert.NotEqual(before.KeyBytes, await File.ReadAllBytesAsync(site.Key));

        await site.UndoAsync(output, change);
        Assert.Empty(output.Errors);
        var undone = Assert.IsType<CertificateChange>(output.Items[^1]);
        Assert.Equal((ServiceOutcome.Done, true, change.PreviousThumbprint), (undone.Outcome, undone.IsServed, undone.Thumbprint));
        site.AssertSame(before);
    }

    [SkippableFact]
    public async Task What_is_not_broken_is_left_alone_unless_forced()
    {
        await using var site = await Site.StartAsync(TestCertificates.Localhost);
        var before = site.Read();
        var output = new RecordedOutput();
        await site.DeployAsync(output, new TemporaryCertificateRequest());
        Assert.Equal("Guard.CertificateUsable", Assert.Single(output.Errors).Id);
        Assert.Empty(output.Items);
        site.AssertSame(before);

        var forced = new RecordedOutput();
        await site.DeployAsync(forced, new TemporaryCertificateRequest { Rsa = true }, force: true);
        Assert.Empty(forced.Errors);
        Assert.True(Assert.IsType<CertificateChange>(Assert.Single(forced.Items)).IsServed);
        Assert.Equal(("RSA", 2048), (await site.LookAsync())[0] is { } now ? (now.KeyKind, now.KeySize!.Value) : default);
    }

    [SkippableFact]
    public async Task What_nginx_refuses_is_put_back()
    {
        await using var site = await Site.StartAsync();
        await File.AppendAllTextAsync(site.Nginx.ConfigFile, "nonsense;\n");
        var before = site.Read();
        var output = new RecordedOutput();
        await site.DeployAsync(output, new TemporaryCertificateRequest());
        var change = Assert.IsType<CertificateChange>(Assert.Single(output.Items));
        Assert.Equal((HealthStatus.Critical, ServiceOutcome.Reverted), (change.Status, change.Outcome));
        Assert.Contains("nonsense", change.Message, StringComparison.Ordinal);
        Assert.Equal("Certificate.NotDeployed", Assert.Single(output.Errors).Id);
        site.AssertSame(before);
    }

    [SkippableFact]
    public async Task What_is_not_served_afterwards_is_put_back()
    {
        // The stack names files that this nginx does not use.
        await using var site = await Site.StartAsync();
        site.Use(TestCertificates.Expired());
        var before = site.Read();
        var output = new RecordedOutput();
        await site.DeployAsync(output, new TemporaryCertificateRequest(), timeout: TimeSpan.FromSeconds(1));
        var change = Assert.IsType<CertificateChange>(Assert.Single(output.Items));
        Assert.Equal(ServiceOutcome.Reverted, change.Outcome);
        Assert.Contains("serves another certificate", change.Message, StringComparison.Ordinal);
        site.AssertSame(before);
    }

    [SkippableFact]
    public async Task A_renewal_meanwhile_is_not_undone()
    {
        await using var site = await Site.StartAsync();
        var output = new RecordedOutput();
        await site.DeployAsync(output, new TemporaryCertificateRequest());
        var change = Assert.IsType<CertificateChange>(Assert.Single(output.Items));
        File.Copy(TestCertificates.Localhost.CertificateFile, site.File, overwrite: true);
        await site.UndoAsync(output, change);
        Assert.Equal("Guard.CertificateReplaced", Assert.Single(output.Errors).Id);
        Assert.Equal(await System.IO.File.ReadAllTextAsync(TestCertificates.Localhost.CertificateFile), await System.IO.File.ReadAllTextAsync(site.File));
    }

    [SkippableFact]
    public async Task The_plan_changes_nothing()
    {
        await using var site = await Site.StartAsync();
        var before = site.Read();
        var output = new RecordedOutput { IsWhatIf = true };
        await site.DeployAsync(output, new TemporaryCertificateRequest());
        Assert.Equal(["Issue", "Write", "Reload", "Verify"], output.Items.Cast<OpsPlanStep>().Select(step => step.Action));
        site.AssertSame(before);
    }

    [Fact]
    public async Task Where_there_was_no_key_the_new_one_is_for_its_owner_alone()
    {
        var folder = TestRun.NewFolder("nokey");
        var stack = new OpsStack { Certificates = { ["site"] = new StackCertificate { File = Path.Combine(folder, "cert.pem"), Key = Path.Combine(folder, "key.pem"), ServerName = "www.example.test" } } };
        await using var session = new StackSession(stack);
        var output = new RecordedOutput();
        await Certificates(session, output).DeployAsync("site", new TemporaryCertificateRequest(), CancellationToken.None);
        var change = Assert.IsType<CertificateChange>(Assert.Single(output.Items));
        Assert.Equal((HealthStatus.Warning, ServiceOutcome.Done, null), (change.Status, change.Outcome, change.IsServed));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(stack.Certificates["site"].Key!));
        Assert.Equal(2, Directory.GetFiles(folder).Length);
    }

    private static TemporaryCertificates Certificates(StackSession session, RecordedOutput output, bool force = false, TimeSpan? timeout = null) => new(
        session,
        new ChangeRunner(output, new FileJournal(TestRun.NewFolder("journal")), new ChangeOrigin("New-TemporaryCertificate", "test", force ? "a test" : null, force)),
        output,
        timeout ?? Patience);

    /// <summary>An nginx with a certificate, and a stack that knows both.</summary>
    private sealed class Site : IAsyncDisposable
    {
        private readonly OpsStack _stack;

        private Site(NginxServer nginx)
        {
            Nginx = nginx;
            _stack = new OpsStack
            {
                Name = "test",
                WebServers = { ["web"] = new StackWebServer { Engine = "nginx", Config = nginx.ConfigFile } },
                Certificates =
                {
                    ["site"] = new StackCertificate
                    {
                        Endpoint = $"localhost:{nginx.TlsPort}", File = Path.Combine(nginx.Folder, "cert.pem"), Key = Path.Combine(nginx.Folder, "key.pem"), Reload = "web",
                    },
                },
            };
        }

        public NginxServer Nginx { get; }

        public string File => _stack.Certificates["site"].File!;

        public string Key => _stack.Certificates["site"].Key!;

        public static async Task<Site> StartAsync(TestCertificate? certificate = null)
        {
            var site = new Site(await Servers.NewNginxAsync());
            certificate ??= TestCertificates.Expired();
            await System.IO.File.WriteAllBytesAsync(site.File, await System.IO.File.ReadAllBytesAsync(certificate.CertificateFile));
            await System.IO.File.WriteAllBytesAsync(site.Key, await System.IO.File.ReadAllBytesAsync(certificate.KeyFile));
            await site.Nginx.StopAsync();
            await site.Nginx.StartAsync();
            return site;
        }

        public void Use(TestCertificate files) => (_stack.Certificates["site"].File, _stack.Certificates["site"].Key) = (files.CertificateFile, files.KeyFile);

        public (byte[] FileBytes, byte[] KeyBytes, string Owner, string[] Names) Read() =>
            (System.IO.File.ReadAllBytes(File), System.IO.File.ReadAllBytes(Key), Owner(Key), Names());

        public static string Owner(string path) => Tool.RunAsync("stat", ["-c", "%U:%G %a", path]).GetAwaiter().GetResult().Trim();

        public void AssertSame((byte[] FileBytes, byte[] KeyBytes, string Owner, string[] Names) before)
        {
            var now = Read();
            Assert.Equal(before.FileBytes, now.FileBytes);
            Assert.Equal(before.KeyBytes, now.KeyBytes);
            Assert.Equal(before.Owner, now.Owner);
            Assert.Equal(before.Names, now.Names);
        }

        public async Task DeployAsync(RecordedOutput output, TemporaryCertificateRequest request, bool force = false, TimeSpan? timeout = null)
        {
            await using var session = new StackSession(_stack);
            await Certificates(session, output, force, timeout).DeployAsync("site", request, CancellationToken.None);
        }

        public async Task UndoAsync(RecordedOutput output, CertificateChange change)
        {
            await using var session = new StackSession(_stack);
            await Certificates(session, output).UndoAsync(change, CancellationToken.None);
        }

        public async Task<IReadOnlyList<CertificateStatus>> LookAsync()
        {
            await using var session = new StackSession(_stack);
            var output = new RecordedOutput();
            await CertificateTest.RunAsync(session, [], _ => new CertificateTerms(), CertbotLineage.DefaultFolder, output, CancellationToken.None);
            return output.Items.Cast<CertificateStatus>().ToList();
        }

        public ValueTask DisposeAsync() => Nginx.DisposeAsync();

        private string[] Names() => [.. Directory.GetFiles(Path.GetDirectoryName(File)!).Select(path => Path.GetFileName(path)).Where(name => name.Contains("pem", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
    }
}
