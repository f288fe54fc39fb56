using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Tests.Stacks;

public sealed class ExampleStackTests
{
    public static TheoryData<string> Names => ["npanel", "netopsai-gateway", "plugspace-titan", "vendhub", "netzwaechter"];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Loads_without_error_or_warning(string name)
    {
        var document = await StackLoader.ReadAsync(Repository.File($"module/stacks/{name}.yaml"), default);

        Assert.Empty(document.Problems.Select(problem => problem.Error.FullMessage));
        Assert.Empty(document.Warnings);
        Assert.Equal(name, document.Stack.Name);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Says_everything_that_operations_need(string name)
    {
        var stack = (await StackLoader.ReadAsync(Repository.File($"module/stacks/{name}.yaml"), default)).Stack;

        Assert.NotEmpty(stack.Services);
        Assert.All(stack.Services.Values.Where(service => service.Manager is not null), service => Assert.NotEmpty(service.Ports));
        Assert.All(stack.Services.Values, service => Assert.NotEmpty(service.Health));
        Assert.NotEmpty(stack.Databases);
        Assert.All(stack.Databases.Values, database => Assert.NotEqual(SecretSource.Plain, database.Password!.Source));
        Assert.NotEmpty(stack.WebServers);
        Assert.NotEmpty(stack.Certificates);
        Assert.NotEmpty(stack.Backups);
        Assert.NotEmpty(stack.Alerts);
        Assert.NotEmpty(stack.Severities);
        Assert.All(stack.Severities.Keys, severity => Assert.NotEmpty(stack.Escalation!.Matrix[severity]));
        Assert.NotEmpty(stack.Contacts);
        Assert.NotEmpty(stack.Announce);
        Assert.NotEmpty(stack.Maintenance!.SmokeTests);
        Assert.NotEmpty(stack.Schedules!.Daily!.Tasks);
        Assert.NotEmpty(stack.Schedules.Weekly!.Tasks);
        Assert.NotEmpty(stack.Schedules.Monthly!.Tasks);
        Assert.NotEmpty(stack.Paths);
        Assert.NotEmpty(stack.Links);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Survives_being_written_and_read_again(string name)
    {
        var stack = (await StackLoader.ReadAsync(Repository.File($"module/stacks/{name}.yaml"), default)).Stack;

        var written = StackWriter.Write(stack);
        var again = StackLoader.Parse(System.Text.Encoding.UTF8.GetBytes(written), stack.Path!);

        Assert.Empty(again.Problems.Select(problem => problem.Error.FullMessage));
        ModelAssert.Same(stack, again.Stack);
    }

    [Fact]
    public async Task Vendhub_keeps_the_limits_and_calls_of_its_runbook()
    {
        var stack = (await StackLoader.ReadAsync(Repository.File("module/stacks/vendhub.yaml"), default)).Stack;

        Assert.Equal(0.5, stack.Thresholds.Latency.Warning);
        Assert.Equal(2, stack.Thresholds.Latency.Critical);
        Assert.Equal(95, stack.Thresholds.Memory.Critical);
        Assert.Equal(TimeSpan.FromMinutes(15), stack.Severities["P1"].Response);
        Assert.Equal(["P0", "P1", "P2", "P3"], stack.Severities.Keys);
        Assert.Equal(["primary", "secondary", "team-lead", "cto"], stack.Escalation!.Matrix["P0"].SelectMany(step => step.Notify));
        Assert.Equal(TimeSpan.FromHours(1), stack.Escalation.Matrix["P0"][3].After);
        Assert.Equal("backend-lead", stack.Escalation.Rotation!.Weeks[1].Primary);
        Assert.True(stack.Escalation.Matrix["P3"][0].NextBusinessDay);
        Assert.Equal(2L << 30, stack.Services["api"].Limits!.Memory);
        Assert.Equal(["pm2", "reloadLogs"], stack.Logs["application"].Rotation!.After!);
        Assert.Equal(TimeSpan.FromMinutes(30), stack.Maintenance!.Watch);
    }

    [Fact]
    public async Task Gateway_keeps_the_conditions_of_its_runbook()
    {
        var stack = (await StackLoader.ReadAsync(Repository.File("module/stacks/netopsai-gateway.yaml"), default)).Stack;

        var health = stack.Services["gateway-api"].Health;
        Assert.Equal("ok", health[0].Conditions["body.status"]);
        Assert.Equal("200", health[0].Status);
        Assert.Equal("http://localhost:3000/api/v1/health/ready", health[1].Url);
        Assert.Equal("200,301", Assert.Single(stack.WebServers["nginx"].Health).Status);
        Assert.Equal(TimeSpan.FromDays(7).TotalSeconds, stack.Alerts["CertificateExpiry"].Below);
        Assert.Equal("next sprint", stack.Severities["P4"].ResponseNote);
        Assert.Null(stack.Severities["P4"].Response);
    }
}
