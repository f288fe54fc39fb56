using OpsRunbook.Engine.Certificates;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Engine.Tests.Endpoints;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Certificates;

public sealed class CertificateCheckTests
{
    private const string Ok = "HTTP/1.1 200 OK\r\n\r\n";

    [Theory]
    [InlineData(400, HealthStatus.Healthy, null)]
    [InlineData(20, HealthStatus.Warning, "Certificate.Expiring")]
    [InlineData(3, HealthStatus.Critical, "Certificate.Expiring")]
    [InlineData(-1, HealthStatus.Critical, "Certificate.Expired")]
    public async Task A_file_is_judged_by_the_days_left(int days, HealthStatus status, string? reason)
    {
        var files = TestCertificates.Issue("localhost", DateTimeOffset.UtcNow.AddDays(-60), DateTimeOffset.UtcNow.AddDays(days).AddMinutes(5));
        var result = await RunAsync(new StackCertificate { File = files.CertificateFile });
        Assert.Equal((status, reason), (result.Status, result.Reason));
        Assert.Equal(days, Assert.Single(result.Measurements).Value, 1.0);
    }

    [Fact]
    public async Task Every_certificate_of_the_file_counts()
    {
        var good = TestCertificates.Localhost;
        var old = TestCertificates.Expired();
        var file = Path.Combine(Path.GetDirectoryName(old.CertificateFile)!, "both.pem");
        await File.WriteAllTextAsync(file, await File.ReadAllTextAsync(good.CertificateFile) + await File.ReadAllTextAsync(old.CertificateFile));
        var result = await RunAsync(new StackCertificate { File = file });
        Assert.Equal((HealthStatus.Critical, "Certificate.Expired"), (result.Status, result.Reason));
    }

    [Fact]
    public async Task A_served_certificate_is_compared_with_the_file()
    {
        var served = TestCertificates.Localhost;
        var renewed = TestCertificates.Issue("localhost");
        await using var server = Misbehaving.Answering(Ok, HttpProbeTests.Load(served));
        var certificate = new StackCertificate { Endpoint = $"localhost:{server.Port}", File = renewed.CertificateFile };
        var result = await RunAsync(certificate);
        Assert.Equal((HealthStatus.Warning, true), (result.Status, result.Reason is "Certificate.NotReloaded" or "Certificate.ChainIncomplete"));
        Assert.NotNull(result.Latency);
    }

    [Theory]
    [InlineData("expired", HealthStatus.Critical, "Certificate.Expired")]
    [InlineData("wrong", HealthStatus.Critical, "Certificate.NameMismatch")]
    [InlineData("self", HealthStatus.Warning, "Certificate.SelfSigned")]
    public async Task A_served_certificate_is_judged(string fault, HealthStatus status, string reason)
    {
        var files = fault switch
        {
            "expired" => TestCertificates.Expired(),
            "wrong" => TestCertificates.WrongName(),
            _ => TestCertificates.SelfSigned(),
        };
        await using var server = Misbehaving.Answering(Ok, HttpProbeTests.Load(files));
        var result = await RunAsync(new StackCertificate { Endpoint = $"localhost:{server.Port}" });
        Assert.Equal((status, reason), (result.Status, result.Reason));
    }

    [Fact]
    public async Task What_cannot_be_read_or_reached_is_never_healthy()
    {
        Assert.Equal((HealthStatus.Critical, "Certificate.FileMissing"), await ReasonAsync(new StackCertificate { File = "/nonexistent/cert.pem" }));
        Assert.Equal((HealthStatus.Critical, "Certificate.FileInvalid"), await ReasonAsync(new StackCertificate { File = "/etc/hostname" }));
        Assert.Equal((HealthStatus.Critical, "Endpoint.PortClosed"), await ReasonAsync(new StackCertificate { Endpoint = "127.0.0.1:1" }));
        Assert.Equal((HealthStatus.Unknown, "Certificate.NothingToCheck"), await ReasonAsync(new StackCertificate()));
        Assert.Equal((HealthStatus.Unknown, "Endpoint.AddressInvalid"), await ReasonAsync(new StackCertificate { Endpoint = "a b:c" }));
    }

    private static async Task<(HealthStatus Status, string? Reason)> ReasonAsync(StackCertificate certificate)
    {
        var result = await RunAsync(certificate);
        return (result.Status, result.Reason);
    }

    private static async Task<CheckResult> RunAsync(StackCertificate certificate)
    {
        await using var session = new StackSession(new OpsStack());
        return await new CertificateCheck("certificate", certificate).RunAsync(session, CancellationToken.None);
    }
}
