using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Tests.Stacks;

public sealed class StackTesterTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly RecordedOutput _output = new();
    private readonly TcpListener _open = new(IPAddress.Loopback, 0);

    public StackTesterTests() => _open.Start();

    private int OpenPort => ((IPEndPoint)_open.LocalEndpoint).Port;

    [Fact]
    public async Task Tells_what_answers_from_what_does_not()
    {
        var findings = await TestAsync(string.Create(CultureInfo.InvariantCulture, $$"""
            stack: x
            services:
              up: { ports: [{{OpenPort}}], health: { url: "http://127.0.0.1:{{OpenPort}}/" } }
              down: { ports: [{{ClosedPort()}}] }
            certificates:
              here: { file: {{_folder.Write("cert.pem", "x")}} }
              gone: { file: /nowhere/cert.pem }
            """));

        Assert.Equal(HealthStatus.Healthy, findings["services.up.ports"].Status);
        Assert.Equal(HealthStatus.Healthy, findings["services.up.health"].Status);
        Assert.Equal(HealthStatus.Critical, findings["services.down.ports"].Status);
        Assert.Equal("Endpoint.PortClosed", findings["services.down.ports"].Reason);
        Assert.Equal(4, findings["services.down.ports"].Line);
        Assert.Equal("down", findings["services.down.ports"].Member);
        Assert.Equal(HealthStatus.Healthy, findings["certificates.here.file"].Status);
        Assert.Equal(HealthStatus.Critical, findings["certificates.gone.file"].Status);
    }

    [Fact]
    public async Task What_lies_behind_an_unreachable_host_is_unknown()
    {
        var findings = await TestAsync(
            $"hosts: {{ box: {{ container: box, docker: 'unix://{_folder.Path}/none.sock' }} }}\nservices: {{ api: {{ host: box, ports: [80] }} }}");

        Assert.Equal(HealthStatus.Critical, findings["hosts.box"].Status);
        Assert.Equal(HealthStatus.Unknown, findings["services.api.ports"].Status);
    }

    [Fact]
    public async Task Secrets_are_resolved_and_never_shown()
    {
        var findings = await TestAsync(
            $"databases:\n  a: {{ engine: postgres, password: '${{file:{_folder.Write("secret", "hunter2\n")}}}' }}\n  b: {{ engine: postgres, password: '${{file:/nowhere/secret}}' }}\n  c: {{ engine: postgres, password: '${{file:{_folder.Write("empty", string.Empty)}}}' }}\n  d: {{ engine: postgres, password: '${{secret:vault/d}}' }}");

        // printf hunter2 | sha256sum
        Assert.EndsWith("is set, fingerprint f52fbd", findings["databases.a.password"].Message, StringComparison.Ordinal);
        Assert.Equal(HealthStatus.Healthy, findings["databases.a.password"].Status);
        Assert.Equal((HealthStatus.Critical, "Secret.NotResolved"), (findings["databases.b.password"].Status, findings["databases.b.password"].Reason));
        Assert.Equal(HealthStatus.Warning, findings["databases.c.password"].Status);
        Assert.Equal(HealthStatus.Critical, findings["databases.d.password"].Status);
        Assert.All(findings.Values, finding => Assert.DoesNotContain("hunter2", finding.Message, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Finds_the_secrets_of_every_part_of_a_stack()
    {
        var findings = await TestAsync(
            "services: { a: { health: [{ tcp: 1, headers: { X: '${env:NOT_SET_1}' } }, { tcp: 1, headers: { X: '${env:NOT_SET_2}' } }] } }\nannounce: { s: { kind: slack, url: '${env:NOT_SET_3}' } }");

        Assert.Equal(
            ["announce.s.url", "services.a.health[0].headers.X", "services.a.health[1].headers.X"],
            findings.Values.Where(finding => finding.Reason == "Secret.NotResolved").Select(finding => finding.Key).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_fault_and_warning_of_a_file_is_a_finding()
    {
        var document = StackLoader.Parse("services:\n  a: { prots: 1 }\ndatabases:\n  d: { engine: postgres, password: hunter2 }"u8, "f.yaml");

        var findings = StackTester.ProblemsOf(document).ToList();

        Assert.Equal([(HealthStatus.Critical, 2, "a"), (HealthStatus.Warning, 4, "d")], findings.Select(finding => (finding.Status, finding.Line!.Value, finding.Member)));
        Assert.StartsWith("services.a.prots is not a known key. Did you mean 'ports'?", findings[0].Message, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _open.Dispose();
        _folder.Dispose();
    }

    private static int ClosedPort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private async Task<Dictionary<string, StackFinding>> TestAsync(string content)
    {
        var document = StackLoader.Parse(Encoding.UTF8.GetBytes(content), "f.yaml");
        Assert.Empty(document.Problems.Select(problem => problem.Error.FullMessage));
        await using var session = new StackSession(document.Stack);
        var tester = new StackTester(session, document, _output);
        await tester.TestSecretsAsync(default);
        await tester.TestTargetsAsync(default);
        return _output.Items.Cast<StackFinding>().GroupBy(finding => finding.Key).ToDictionary(group => group.Key, group => group.MaxBy(finding => finding.Status)!, StringComparer.Ordinal);
    }
}
