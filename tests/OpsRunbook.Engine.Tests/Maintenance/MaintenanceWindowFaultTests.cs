using System.Net;
using OpsRunbook.Engine.Health;
using OpsRunbook.Engine.Maintenance;
using OpsRunbook.Engine.State;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Maintenance;

/// <summary>What is done to windows on purpose: killed, begun twice, cut off from what tells people.</summary>
public sealed class MaintenanceWindowFaultTests(WindowServers servers) : IClassFixture<WindowServers>
{
    private const int MostRecords = 60;
    private const int Pairs = 20;

    // What is killed before a record has done its step and not said so; after the record before it, it had not begun.
    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Killed_before_any_record_the_window_is_finished_or_undone_by_the_next_stop(bool services)
    {
        await using var stack = await WindowStack.CreateAsync(servers);
        stack.Stack.Maintenance!.Stop = services ? ["api"] : [];
        if (services)
        {
            // The rest has its own turn, which needs no service to be started again and again.
            stack.Stack.Monitoring = null;
            stack.Stack.Maintenance.MaintenanceMode = [];
            stack.Stack.Maintenance.Announce = [];
        }

        foreach (var closing in (bool[])[false, true])
        {
            var record = 0;
            for (KilledStore? store = null; store is null || store.WasKilled;)
            {
                record++;
                var when = $"{(closing ? "Stop" : "Start")} killed before record {record}";
                Assert.True(record < MostRecords, when);
                if (closing)
                {
                    await stack.StartAsync();
                }

                IStateStore Wrap(IStateStore files) => store = new KilledStore(files, record, after: false);
                try
                {
                    _ = await (closing ? stack.StopAsync(store: Wrap) : stack.StartAsync(store: Wrap));
                }
                catch (KilledException)
                {
                }

                foreach (var left in await stack.ListAsync())
                {
                    var end = (await stack.StopAsync())!;
                    Assert.True(end.State == (end.OpenedAt is null ? MaintenanceWindowState.Undone : MaintenanceWindowState.Closed), when);
                }

                await stack.AssertAsBeforeAsync(when);
            }

            // Two records for each step, one for the window before and one after.
            var steps = (services, closing) switch { (true, false) => 2, (true, true) => 3, (false, false) => 4, (false, true) => 6 };
            Assert.Equal((2 * steps) + 2, record - 1);
        }
    }

    [SkippableFact]
    public async Task Of_two_who_start_at_the_same_time_one_wins_and_the_other_learns_who_it_was()
    {
        await using var stack = await WindowStack.CreateAsync(servers);
        stack.Stack.Maintenance!.Stop = [];
        stack.Stack.Maintenance.MaintenanceMode = [];
        stack.Stack.Maintenance.SmokeTests = [];
        stack.Stack.Monitoring = null;
        for (var pair = 0; pair < Pairs; pair++)
        {
            var results = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Task.Run(async () =>
            {
                try
                {
                    return (Window: await stack.StartAsync(), Error: (OpsException?)null);
                }
                catch (OpsException error)
                {
                    return (null, error);
                }
            })));
            Assert.Single(results, result => result.Window is not null);
            var error = Assert.Single(results, result => result.Error is not null).Error!;
            Assert.Contains(error.Id, (string[])["State.Locked", "Guard.OpenWindow"]);
            Assert.Contains(Environment.UserName, error.Message, StringComparison.Ordinal);
            Assert.Contains($"{Environment.ProcessId}", error.Message, StringComparison.Ordinal);
            await stack.StopAsync();
        }

        Assert.Equal(Pairs, (await stack.ListAsync(everything: true)).Count(window => window.State == MaintenanceWindowState.Closed));
    }

    [SkippableFact]
    public async Task What_tells_people_may_be_down_and_the_rest_is_done()
    {
        await using var stack = await WindowStack.CreateAsync(servers);
        stack.Stack.Monitoring!.Alertmanager = $"http://127.0.0.1:{TestRun.FreePort()}";
        stack.Stack.Announce["chat"].Url = SecretReference.Plain($"http://127.0.0.1:{TestRun.FreePort()}/s3cret");

        // Of a stack whose Alertmanager is down it is said that it is not well.
        Assert.Equal("Guard.Health", (await Assert.ThrowsAsync<OpsException>(() => stack.StartAsync())).Id);
        var opened = (await stack.StartAsync(force: true))!;
        Assert.Equal((MaintenanceWindowState.Open, HealthStatus.Warning), (opened.State, opened.Status));
        Assert.Equal(["Announce begin", "Silence alerts"], opened.Steps.Where(step => step.State == MaintenanceStepState.Failed).Select(step => step.Action));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await stack.VisitAsync());
        Assert.Contains(stack.Output.Warnings, warning => warning.Contains("'chat' was not told", StringComparison.Ordinal));
        Assert.Contains(stack.Output.Warnings, warning => warning.Contains("Silence alerts", StringComparison.Ordinal));
        Assert.DoesNotContain(stack.Output.Warnings, warning => warning.Contains("s3cret", StringComparison.Ordinal));

        var closed = (await stack.StopAsync())!;
        Assert.Equal(MaintenanceWindowState.Closed, closed.State);
        Assert.Equal(HttpStatusCode.OK, await stack.VisitAsync());
        Assert.True(await stack.RunsAsync("api"));
    }

    [SkippableFact]
    public async Task A_step_that_fails_has_everything_before_it_undone()
    {
        await using var stack = await WindowStack.CreateAsync(servers);
        stack.Stack.WebServers["other"] = new StackWebServer { Config = "/nonexistent/nginx.conf", Health = [new StackHealthCheck { Url = $"{servers.Nginx.Url}health" }] };
        stack.Stack.Maintenance!.MaintenanceMode.Add("other");
        var error = await Assert.ThrowsAsync<OpsException>(() => stack.StartAsync());
        Assert.Contains("undone", error.Message, StringComparison.Ordinal);
        await stack.AssertAsBeforeAsync("failed start");
        Assert.Empty(await stack.ListAsync());
        var window = Assert.Single(await stack.ListAsync(everything: true));
        Assert.Equal((MaintenanceWindowState.Undone, HealthStatus.Warning), (window.State, window.Status));
        Assert.Contains(stack.Announced, text => text.Contains("was not begun", StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task Ctrl_C_leaves_a_window_that_the_next_stop_undoes()
    {
        await using var stack = await WindowStack.CreateAsync(servers);
        using var cancel = new CancellationTokenSource();
        stack.Output = new RecordedOutput
        {
            Progressed = () =>
            {
                if (stack.Output.ProgressLines[^1].EndsWith("Stop api", StringComparison.Ordinal))
                {
                    cancel.Cancel();
                }
            },
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => stack.StartAsync(cancellationToken: cancel.Token));
        var left = Assert.Single(await stack.ListAsync());
        Assert.Equal(MaintenanceWindowState.Starting, left.State);

        // Although this process lives on.
        Assert.Contains("interrupted", left.Message, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await stack.VisitAsync());

        var refused = await Assert.ThrowsAsync<OpsException>(() => stack.StartAsync());
        Assert.Equal("Guard.OpenWindow", refused.Id);
        Assert.Contains(left.Id, refused.Message, StringComparison.Ordinal);
        Assert.Equal(MaintenanceWindowState.Undone, (await stack.StopAsync())!.State);
        await stack.AssertAsBeforeAsync("Ctrl+C");
    }
}
