using OpsRunbook.Engine.Certificates;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Certificates;

/// <summary>What the next renewal will do, by certbot's configuration.</summary>
public sealed class CertbotLineageTests
{
    [Theory]
    [InlineData("", null)]
    [InlineData("key_type = rsa", null)]
    [InlineData("server = https://acme-staging-v02.api.letsencrypt.org/directory", "Certificate.RenewalStaging")]
    [InlineData("autorenew = False", "Certificate.RenewalDisabled")]
    [InlineData("authenticator = manual", "Certificate.RenewalManual")]
    [InlineData("[[webroot_map]]\nlocalhost = /var/www", null)]
    [InlineData("[[webroot_map]]\nlocalhost = /var/www\nwww.example.test = /var/www", "Certificate.RenewalNames")]
    public async Task What_the_renewal_will_produce_is_judged(string setting, string? reason)
    {
        var (folder, _) = Lineage("site", setting);
        var (statuses, errors) = await RunAsync(folder, "s*");
        Assert.Empty(errors);
        var status = Assert.Single(statuses);
        Assert.Equal(("site", reason), (status.Name, status.Reason));
        Assert.Equal((reason is null ? HealthStatus.Healthy : HealthStatus.Warning, true), (status.Status, status.KeyMatches));
        Assert.Equal(setting.StartsWith("key_type", StringComparison.Ordinal), status.Findings.Any(finding => finding.Reason == "Certificate.RenewalKey"));
    }

    [Fact]
    public async Task A_lineage_that_is_not_there_is_an_error()
    {
        var (folder, _) = Lineage("site", string.Empty);
        var (statuses, errors) = await RunAsync(folder, "sites");
        Assert.Empty(statuses);
        var error = Assert.Single(errors);
        Assert.Equal("Certificate.LineageNotFound", error.Id);
        Assert.Contains("site", error.FullMessage, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_certbot_does_not_know_will_not_be_renewed()
    {
        var (folder, _) = Lineage("site", string.Empty);
        await using var host = new LocalHost();
        var probe = new CertificateProbe(host, new CertificateTerms { CaFile = TestCertificates.CaFile });
        var query = new CertificateQuery { File = TestCertificates.Issue("localhost").CertificateFile, CertbotFolder = folder };
        Assert.Equal("Certificate.RenewalMissing", Assert.Single(await probe.LookAsync(query, CancellationToken.None)).Reason);
    }

    private static (string Folder, TestCertificate Files) Lineage(string name, string setting)
    {
        var folder = TestRun.NewFolder("letsencrypt");
        var files = TestCertificates.Localhost;
        Directory.CreateDirectory(Path.Combine(folder, "renewal"));
        File.WriteAllText(
            Path.Combine(folder, "renewal", name + ".conf"),
            $"""
            # renew_before_expiry = 30 days
            version = 2.1.0
            cert = {files.CertificateFile}
            privkey = {files.KeyFile}
            fullchain = {files.ChainFile}

            # Options used in the renewal process
            [renewalparams]
            {setting}
            """);
        return (folder, files);
    }

    private static async Task<(IReadOnlyList<CertificateStatus> Statuses, IReadOnlyList<OpsException> Errors)> RunAsync(string folder, string name)
    {
        var output = new RecordedOutput();
        await using var host = new LocalHost();
        await CertificateTest.RunAsync(
            host, new CertificateTestRequest { Lineages = [name], CertbotFolder = folder }, new CertificateTerms { CaFile = TestCertificates.CaFile }, output, CancellationToken.None);
        return (output.Items.Cast<CertificateStatus>().ToList(), output.Errors);
    }
}
