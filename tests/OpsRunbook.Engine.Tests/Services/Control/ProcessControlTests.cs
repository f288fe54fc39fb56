using OpsRunbook.Engine.Services;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Services;

public sealed class ProcessControlTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("opsrunbook-process-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Services_are_started_in_their_order_and_stopped_the_other_way_round()
    {
        var stack = new OpsStack { Name = "shop" };
        Add(stack, "web", "api");
        Add(stack, "api", "db");
        Add(stack, "db");
        await using var start = new ServiceRun(stack);
        await start.ActAsync(ServiceAction.Start);
        Assert.Equal(["db", "api", "web"], Done(start));

        await using var plan = new ServiceRun(stack, whatIf: true);
        await plan.ActAsync(ServiceAction.Restart);
        Assert.Equal(
            ["web Stop", "api Stop", "db Stop", "db Start", "api Start", "web Start"],
            plan.Plan.Where(step => step.Action != "Wait").Select(step => $"{step.Target} {step.Action}"));

        await using var restart = new ServiceRun(stack);
        await restart.ActAsync(ServiceAction.Restart);
        Assert.Equal(["web Stop", "api Stop", "db Stop", "db Start", "api Start", "web Start"], restart.Results.Select(result => $"{result.Name} {result.Action}"));
        Assert.All(restart.Results, result => Assert.Equal(ServiceOutcome.Done, result.Outcome));

        await using var stop = new ServiceRun(stack);
        await stop.ActAsync(ServiceAction.Stop);
        Assert.Equal(["web", "api", "db"], Done(stop));
    }

    [Theory]
    [InlineData("python3", true)]
    [InlineData("node", true)]
    [InlineData("java", true)]
    [InlineData("server.js", false)]
    [InlineData("/run/api.pid", false)]
    public void A_name_that_every_script_of_an_interpreter_has_is_refused(string unit, bool isRefused)
    {
        // Asked and not done: should it not be refused, the processes of others would be ended.
        var stack = new OpsStack { Name = "shop" };
        stack.Services["api"] = new StackService { Manager = ServiceManagerKind.Process, Unit = unit, Start = [unit, "app"] };
        var target = Assert.Single(ServiceTargets.Of(stack));
        var state = new UnitState(HealthStatus.Healthy, "running");

        Assert.All(
            [ServiceAction.Start, ServiceAction.Stop, ServiceAction.Restart],
            action => Assert.Equal(isRefused ? $"Service.Cannot{action}" : null, new ProcessControl().Refuse(action, target, state)?.Id));
    }

    [Fact]
    public async Task What_depends_on_a_failure_is_left_alone_and_the_rest_goes_on()
    {
        var stack = new OpsStack { Name = "shop" };
        Add(stack, "web", "api");
        Add(stack, "api");
        Add(stack, "mail");
        await File.WriteAllTextAsync(Script("api"), "#!/bin/sh\necho no configuration; exit 2\n");
        await using var run = new ServiceRun(stack);

        await run.ActAsync(ServiceAction.Start);

        Assert.Equal(
            [("api", ServiceOutcome.CrashLoop), ("web", ServiceOutcome.Skipped), ("mail", ServiceOutcome.Done)],
            run.Results.Select(result => (result.Name, result.Outcome)));
        Assert.Contains("'api' failed", run.Results[1].Message, StringComparison.Ordinal);
        Assert.Equal(["Service.CrashLoop"], run.ErrorIds);
        Assert.Contains("no configuration", run.Results[0].Evidence!.Log);

        await using var stop = new ServiceRun(stack);
        await stop.ActAsync(ServiceAction.Stop, "mail");
    }

    [Fact]
    public async Task Arguments_with_spaces_quotes_and_dollars_arrive_as_they_are()
    {
        var stack = new OpsStack { Name = "shop" };
        Add(stack, "odd");
        stack.Services["odd"].Start = [Script("odd"), "a b", "$(touch x)", "'\"", "-n", "line\nfeed"];
        await File.WriteAllTextAsync(Script("odd"), "#!/bin/sh\nprintf '[%s]' \"$@\" > args\nwhile :; do sleep 0.2; done\n");
        await using var run = new ServiceRun(stack);

        await run.ActAsync(ServiceAction.Start, "odd");

        Assert.Equal("[a b][$(touch x)]['\"][-n][line\nfeed]", await File.ReadAllTextAsync(Path.Combine(_folder, "args")));
        Assert.False(File.Exists(Path.Combine(_folder, "x")));
        await run.ActAsync(ServiceAction.Stop, "odd");
        Assert.Empty(run.ErrorIds);
    }

    [Fact]
    public async Task What_ignores_the_polite_signal_is_killed_and_is_gone_then()
    {
        var stack = new OpsStack { Name = "shop" };
        Add(stack, "deaf");
        await File.WriteAllTextAsync(Script("deaf"), "#!/bin/sh\ntrap '' TERM\nwhile :; do sleep 1; done\n");
        await using var run = new ServiceRun(stack);
        await run.ActAsync(ServiceAction.Start, "deaf");

        await run.ActAsync(ServiceAction.Stop, "deaf");

        Assert.Equal(ServiceOutcome.Done, run.Results[1].Outcome);
        Assert.Equal(0, (await run.ReadAsync("deaf")).Instances);
    }

    [Fact]
    public async Task Without_a_start_command_it_is_stopped_but_not_started()
    {
        var stack = new OpsStack { Name = "shop", Services = { ["api"] = new StackService { Manager = ServiceManagerKind.Process, Unit = "no-such-program" } } };
        await using var run = new ServiceRun(stack);

        await run.ActAsync(ServiceAction.Start, "api");

        Assert.Equal(["Service.CannotStart"], run.ErrorIds);
    }

    [Fact]
    public async Task Who_depends_on_what_is_stopped_is_named()
    {
        var stack = new OpsStack { Name = "shop" };
        Add(stack, "web", "db");
        Add(stack, "db");
        await using var run = new ServiceRun(stack);

        await run.ActAsync(ServiceAction.Stop, "db");

        Assert.Contains("'web' depends on 'db'", Assert.Single(run.Output.Warnings), StringComparison.Ordinal);
    }

    private static IEnumerable<string> Done(ServiceRun run)
    {
        Assert.Empty(run.ErrorIds);
        Assert.All(run.Results, result => Assert.Equal(ServiceOutcome.Done, result.Outcome));
        return run.Results.Select(result => result.Name);
    }

    private string Script(string name) => Path.Combine(_folder, $"{name}-{Path.GetFileName(_folder)}.sh");

    private void Add(OpsStack stack, string name, params string[] dependsOn)
    {
        File.WriteAllText(Script(name), "#!/bin/sh\nwhile :; do sleep 0.2; done\n");
        File.SetUnixFileMode(Script(name), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        stack.Thresholds.Latency = ServiceRun.NoLatency;
        stack.Services[name] = new StackService
        {
            Manager = ServiceManagerKind.Process,
            Unit = Path.GetFileName(Script(name)),
            Start = [Script(name)],
            Directory = _folder,
            Logs = [Path.Combine(_folder, name + ".log")],
            DependsOn = [.. dependsOn],
        };
    }
}
