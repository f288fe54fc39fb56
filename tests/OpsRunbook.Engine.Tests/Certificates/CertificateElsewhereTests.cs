using OpsRunbook.Engine.Certificates;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Certificates;

/// <summary>Certificates of another machine, whose TLS server listens on that machine's own loopback address, over SSH and in its container.</summary>
public sealed class CertificateElsewhereTests
{
    private const string Site = "/etc/nginx/conf.d/certificate-test.conf";
    private const string Folder = "/etc/nginx/certificate-test";

    [SkippableFact]
    public async Task A_member_on_another_machine_is_tested_from_there()
    {
        var machine = await Servers.SystemdHostAsync();
        var docker = await Servers.DockerAsync();
        var certificate = TestCertificates.Localhost;
        foreach (var (path, text) in new[]
        {
            ($"{Folder}/cert.pem", await File.ReadAllTextAsync(certificate.ChainFile)),
            ($"{Folder}/key.pem", await File.ReadAllTextAsync(certificate.KeyFile)),
            ($"{Folder}/renewed.pem", await File.ReadAllTextAsync(TestCertificates.Issue("localhost").ChainFile)),
            (Site, $"server {{ listen 127.0.0.1:8443 ssl; ssl_certificate {Folder}/cert.pem; ssl_certificate_key {Folder}/key.pem; }}\n"),
        })
        {
            await machine.ExecuteAsync($"mkdir -p $(dirname {path}) && cat > {path}", text);
        }

        var stack = new OpsStack
        {
            Hosts =
            {
                ["machine"] = new StackHost { Ssh = machine.Destination, Identity = machine.IdentityFile, Options = new Dictionary<string, string>(machine.Options) },
                ["container"] = new StackHost { Container = machine.Container, Docker = docker.Address },
            },
        };
        foreach (var host in stack.Hosts.Keys)
        {
            stack.Certificates[host] = new StackCertificate { Endpoint = "localhost:8443", File = $"{Folder}/cert.pem", Key = $"{Folder}/key.pem", Host = host };
            stack.Certificates[host + "-renewed"] = new StackCertificate { Endpoint = "127.0.0.1:8443", File = $"{Folder}/renewed.pem", Host = host };
            stack.Certificates[host + "-closed"] = new StackCertificate { Endpoint = "localhost:8444", Host = host };
        }

        try
        {
            await machine.ExecuteAsync("nginx -t -q && systemctl reload nginx && for i in $(seq 100); do ss -ltn | grep -q 127.0.0.1:8443 && exit 0; sleep 0.1; done; exit 1");
            await using var session = new StackSession(stack);
            var output = new RecordedOutput();
            await CertificateTest.RunAsync(session, [], _ => new CertificateTerms { CaFile = TestCertificates.CaFile }, CertbotLineage.DefaultFolder, output, CancellationToken.None);
            Assert.Empty(output.Errors);
            var found = output.Items.Cast<CertificateStatus>().ToLookup(status => status.Name!, StringComparer.Ordinal);
            foreach (var host in stack.Hosts.Keys)
            {
                var whole = Assert.Single(found[host]);
                Assert.Equal((HealthStatus.Healthy, null), (whole.Status, whole.Reason));
                Assert.Equal((host, true, true, true), (whole.Host, whole.IsServed!.Value, whole.KeyMatches!.Value, whole.NameMatches!.Value));
                Assert.Equal("Certificate.NotReloaded", found[host + "-renewed"].First().Reason);
                Assert.Equal((HealthStatus.Critical, "Endpoint.PortClosed"), Assert.Single(found[host + "-closed"]) is { } closed ? (closed.Status, closed.Reason) : default);
            }
        }
        finally
        {
            await machine.ExecuteAsync($"rm -rf {Site} {Folder}; systemctl reload nginx");
        }
    }
}
