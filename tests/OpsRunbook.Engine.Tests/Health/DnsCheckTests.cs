using OpsRunbook.Engine.Health;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Health;

public sealed class DnsCheckTests
{
    [SkippableTheory]
    [InlineData("www.example.test", DnsRecordType.A, "192.0.2.10", HealthStatus.Healthy, null)]
    [InlineData("example.test", DnsRecordType.MX, "*mail.example.test*", HealthStatus.Healthy, null)]
    [InlineData("www.example.test", DnsRecordType.A, "192.0.2.99", HealthStatus.Critical, "Dns.Unexpected")]
    [InlineData("none.example.test", DnsRecordType.A, null, HealthStatus.Critical, "Dns.NameUnknown")]
    [InlineData("www.elsewhere.invalid", DnsRecordType.A, null, HealthStatus.Unknown, "Dns.Refused")]
    public async Task A_record_is_checked_against_what_is_expected(string name, DnsRecordType type, string? expected, HealthStatus status, string? reason)
    {
        var server = await Servers.DnsAsync();
        var check = new StackHealthCheck { Dns = name, RecordType = type, Resolver = server.Address, Expect = expected is null ? [] : [expected] };

        var result = await RunAsync(check);

        Assert.Equal((status, reason), (result.Status, result.Reason));
        Assert.Equal("dns", result.Name);
        Assert.Contains(name, result.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_resolver_that_does_not_answer_leaves_it_unknown()
    {
        using var silent = new System.Net.Sockets.UdpClient(0, System.Net.Sockets.AddressFamily.InterNetwork);
        var port = ((System.Net.IPEndPoint)silent.Client.LocalEndPoint!).Port;
        var check = new StackHealthCheck { Dns = "www.example.test", Resolver = $"127.0.0.1:{port}", Timeout = TimeSpan.FromMilliseconds(500) };

        Assert.Equal(HealthStatus.Unknown, (await RunAsync(check)).Status);
    }

    private static async Task<CheckResult> RunAsync(StackHealthCheck check)
    {
        var stack = new OpsStack();
        stack.Services["site"] = new StackService { Health = [check] };
        await using var session = new StackSession(stack);
        var member = Assert.Single(HealthCheckFactory.Create(stack, null), member => member.Name == "site");
        return await Assert.Single(member.Checks).RunAsync(session, CancellationToken.None);
    }
}
