using System.Net;
using OpsRunbook.Engine.Health;
using OpsRunbook.Engine.Maintenance;
using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.State;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Maintenance;

/// <summary>Windows on an nginx, an Alertmanager, a receiver of announcements and services that run.</summary>
public sealed class MaintenanceWindowTests(WindowServers servers) : IClassFixture<WindowServers>
{
    [SkippableFact]
    public async Task A_window_does_what_the_stack_says_and_its_end_takes_all_of_it_back()
    {
        await using var stack = await WindowStack.CreateAsync(servers);
        var opened = (await stack.StartAsync(new WindowRequest { Title = "New schema", Length = TimeSpan.FromMinutes(30) }))!;

        Assert.Equal((MaintenanceWindowState.Open, HealthStatus.Healthy), (opened.State, opened.Status));
        Assert.Equal(
            ["Announce begin", "Silence alerts", "Note state", "Maintenance mode on", "Stop", "Stop"], opened.Steps.Select(step => step.Action));
        Assert.Equal(["worker", "api"], opened.Steps.Where(step => step.Action == "Stop").Select(step => step.Target));
        Assert.All(opened.Steps, step => Assert.Equal(MaintenanceStepState.Done, step.State));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await stack.VisitAsync());
        Assert.False(await stack.RunsAsync("api") || await stack.RunsAsync("worker"));
        var silence = Assert.Single(await stack.SilencesAsync());
        Assert.Equal(opened.End, silence.EndsAt, TimeSpan.FromSeconds(5));
        Assert.Contains(opened.Id, silence.Comment, StringComparison.Ordinal);
        Assert.Single(stack.Announced, text => text.Contains("begins", StringComparison.Ordinal));
        Assert.Single(stack.Output.Questions);

        var closed = (await stack.StopAsync())!;
        Assert.Equal((MaintenanceWindowState.Closed, HealthStatus.Healthy), (closed.State, closed.Status));
        Assert.Equal(
            ["Start", "Start", "Check health", "Smoke tests", "Maintenance mode off", "Check sites", "End silences", "Announce end"],
            closed.Steps.Skip(opened.Steps.Count).Select(step => step.Action));
        Assert.True(closed.Duration > TimeSpan.Zero);
        await stack.AssertAsBeforeAsync("end");
        Assert.Single(stack.Announced, text => text.Contains("is over", StringComparison.Ordinal));
        Assert.Empty(await stack.ListAsync());
        Assert.Single(await stack.ListAsync(everything: true));

        // The changes belong to the window.
        await using var session = stack.Session();
        var changes = await JournalHistory.ReadAsync(session.State.Journal, null, null, stack.Output, default);
        Assert.Contains(changes, change => change.Action == "Stop" && change.Window == opened.Id);
        Assert.Contains(changes, change => change.Action.StartsWith("Enable maintenance mode", StringComparison.Ordinal) && change.Window == opened.Id);
    }

    [SkippableFact]
    public async Task Visitors_are_let_in_only_when_the_smoke_tests_pass()
    {
        await using var stack = await WindowStack.CreateAsync(servers);
        stack.Stack.Maintenance!.SmokeTests.Add(new StackHealthCheck { Name = "login", Tcp = $"127.0.0.1:{TestRun.FreePort()}" });
        await stack.StartAsync();
        var refused = await Assert.ThrowsAsync<OpsException>(() => stack.StopAsync());
        Assert.Equal("Guard.SmokeTest", refused.Id);
        Assert.Contains("login", refused.Message, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await stack.VisitAsync());
        var left = Assert.Single(await stack.ListAsync());
        Assert.Equal((MaintenanceWindowState.Stopping, HealthStatus.Critical), (left.State, left.Status));

        Assert.Equal(MaintenanceWindowState.Closed, (await stack.StopAsync(force: true))!.State);
        await stack.AssertAsBeforeAsync("forced");
    }

    [SkippableFact]
    public async Task Guards_refuse_before_anything_is_done()
    {
        await using var stack = await WindowStack.CreateAsync(servers);
        var now = DateTime.UtcNow;
        stack.Stack.Maintenance!.Freeze.Add(new StackFreeze { From = now.AddMinutes(30), Until = now.AddHours(9), Reason = "Black Friday" });
        var frozen = await Assert.ThrowsAsync<OpsException>(() => stack.StartAsync());
        Assert.Equal("Guard.Freeze", frozen.Id);
        Assert.Contains("Black Friday", frozen.Message, StringComparison.Ordinal);
        Assert.Equal("Guard.Freeze", (await Assert.ThrowsAsync<OpsException>(() => stack.PlanAsync(new WindowPlan { At = now.AddHours(1) }))).Id);
        Assert.NotNull(await stack.StartAsync(new WindowRequest { Length = TimeSpan.FromMinutes(10) }));
        await stack.StopAsync();
        stack.Stack.Maintenance.Freeze.Clear();

        stack.Stack.Services["broken"] = new StackService { Health = [new StackHealthCheck { Tcp = $"127.0.0.1:{TestRun.FreePort()}" }] };
        var ill = await Assert.ThrowsAsync<OpsException>(() => stack.StartAsync());
        Assert.Equal("Guard.Health", ill.Id);
        Assert.Contains("broken is Critical", ill.Message, StringComparison.Ordinal);
        stack.Stack.Services.Remove("broken");

        Assert.Empty(await stack.ListAsync());
        await stack.AssertAsBeforeAsync("refused");
    }

    [SkippableFact]
    public async Task What_if_emits_the_plan_and_changes_nothing()
    {
        await using var stack = await WindowStack.CreateAsync(servers);
        stack.Output = new RecordedOutput { IsWhatIf = true };
        Assert.Null(await stack.StartAsync());
        var plan = stack.Output.Items.Cast<OpsPlanStep>().Select(step => $"{step.Action} {step.Target}").ToList();
        Assert.Contains("Announce begin chat", plan);
        Assert.Contains("Enable maintenance mode web: shop.test", plan);
        Assert.Contains("Stop api", plan);
        Assert.Empty(stack.Announced);
        Assert.Empty(await stack.ListAsync(everything: true));
        await stack.AssertAsBeforeAsync("what if");
    }

    [SkippableFact]
    public async Task A_window_that_outlives_its_end_is_a_finding_until_it_is_extended_and_its_silences_last_as_long_as_it()
    {
        await using var stack = await WindowStack.CreateAsync(servers);
        await stack.StartAsync(new WindowRequest { Length = TimeSpan.FromMinutes(10) });
        Assert.Equal(HealthStatus.Healthy, (await HealthAsync(stack))!.Status);
        stack.Time.By = TimeSpan.FromMinutes(11);
        var overdue = (await HealthAsync(stack))!;
        Assert.Equal((HealthStatus.Warning, "Window.Overdue"), (overdue.Status, overdue.Checks[0].Reason));
        Assert.Contains("outlived", Assert.Single(await stack.ListAsync()).Message, StringComparison.Ordinal);

        var extended = (await stack.ExtendAsync(TimeSpan.FromHours(2)))!;
        Assert.Equal(HealthStatus.Healthy, extended.Status);
        Assert.Equal(HealthStatus.Healthy, (await HealthAsync(stack))!.Status);
        var silence = Assert.Single(await stack.SilencesAsync());
        Assert.InRange(silence.EndsAt, DateTime.UtcNow.AddMinutes(115), DateTime.UtcNow.AddMinutes(135));
        Assert.Single(stack.Announced, text => text.Contains("takes longer", StringComparison.Ordinal));
        await stack.StopAsync();
        Assert.Null(await HealthAsync(stack));
        await stack.AssertAsBeforeAsync("end");
    }

    [SkippableTheory]
    [InlineData(1)]
    [InlineData(-365)]
    public async Task A_clock_that_jumps_by_days_gives_no_negative_times(int days)
    {
        await using var stack = await WindowStack.CreateAsync(servers);
        await stack.StartAsync();
        stack.Time.By = TimeSpan.FromDays(days);
        var open = Assert.Single(await stack.ListAsync());
        Assert.Equal(days > 0 ? HealthStatus.Warning : HealthStatus.Healthy, open.Status);
        Assert.DoesNotContain('-', open.Message.Split(';')[0]);
        var closed = (await stack.StopAsync())!;
        Assert.True(closed.Duration >= TimeSpan.Zero);
        Assert.All(closed.Steps, step => Assert.True(step.Took is null || step.Took >= TimeSpan.Zero));
        Assert.Equal(DateTimeKind.Utc, closed.ClosedAt!.Value.Kind);
        await stack.AssertAsBeforeAsync("end");
    }

    [SkippableFact]
    public async Task A_planned_window_is_announced_begins_at_its_time_only_and_recurs()
    {
        await using var stack = await WindowStack.CreateAsync(servers);
        var begin = DateTime.UtcNow.AddDays(1);
        var local = WallClock.Of("Europe/Berlin").Show(begin);
        var plan = (await stack.PlanAsync(new WindowPlan { At = local, TimeZone = "Europe/Berlin", Length = TimeSpan.FromHours(2), Repeat = "weekly", Title = "Updates" }))!;
        Assert.Equal((MaintenanceWindowState.Planned, HealthStatus.Healthy, "weekly"), (plan.State, plan.Status, plan.Repeat));
        Assert.Equal(begin, plan.Begin, TimeSpan.FromSeconds(1));
        Assert.Single(stack.Announced, text => text.Contains("Planned maintenance", StringComparison.Ordinal));
        Assert.Equal("Guard.WindowTime", (await Assert.ThrowsAsync<OpsException>(() => stack.StartAsync(new WindowRequest { Id = plan.Id }))).Id);
        Assert.True((await stack.ListAsync(until: DateTime.UtcNow.AddDays(30))).Count >= 4);

        stack.Time.By = TimeSpan.FromDays(1) + TimeSpan.FromMinutes(5);
        var opened = (await stack.StartAsync(new WindowRequest()))!;
        Assert.Equal((MaintenanceWindowState.Open, "Updates", plan.End), (opened.State, opened.Title, opened.End));
        await stack.StopAsync();

        // The next time is a week later by the clock of the place; the one that took place does not come again.
        var next = Assert.Single(await stack.ListAsync());
        Assert.Equal((plan.Id, local.AddDays(7)), (next.Id, WallClock.Of("Europe/Berlin").Show(next.Begin)));
        Assert.Equal("Guard.WindowTime", (await Assert.ThrowsAsync<OpsException>(() => stack.StartAsync(new WindowRequest { Id = plan.Id }))).Id);
        Assert.Equal(MaintenanceWindowState.Cancelled, (await stack.StopAsync(new CloseRequest { Id = plan.Id }))!.State);
        Assert.Empty(await stack.ListAsync());
        Assert.Single(stack.Announced, text => text.Contains("cancelled", StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task The_watch_reports_what_goes_wrong_afterwards()
    {
        await using var stack = await WindowStack.CreateAsync(servers);
        stack.Stack.Maintenance!.WatchEvery = TimeSpan.FromMilliseconds(200);
        await stack.StartAsync();
        var stopping = stack.StopAsync(new CloseRequest { Watch = TimeSpan.FromSeconds(10) });
        while ((await stack.ListAsync()).Count > 0)
        {
            await Task.Delay(50);
        }

        await stack.EachAsync(ServiceAction.Stop);
        var closed = (await stopping)!;
        Assert.Equal((MaintenanceWindowState.Closed, HealthStatus.Critical), (closed.State, closed.Status));
        Assert.Contains(closed.Findings, finding => finding.Name == "api" && finding.Status == HealthStatus.Critical);
        await stack.EachAsync(ServiceAction.Start);
    }

    [SkippableFact]
    public async Task A_calendar_has_an_event_for_each_time_in_utc()
    {
        await using var stack = await WindowStack.CreateAsync(servers);
        var now = DateTime.UtcNow;
        await stack.PlanAsync(new WindowPlan { At = now.AddDays(1), TimeZone = "America/New_York", Repeat = "weekly", Title = "Updates; \"big\", ünï\nBEGIN:VEVENT " + new string('x', 200) });
        var windows = await stack.ListAsync(until: now.AddDays(366));
        var text = WindowCalendar.Write(windows, now);
        Assert.InRange(windows.Count, 52, 53);
        var lines = text.Split("\r\n");
        Assert.All(lines, line => Assert.True(System.Text.Encoding.UTF8.GetByteCount(line) <= 75 && !line.Contains('\n', StringComparison.Ordinal), line));
        Assert.Equal(windows.Count, lines.Count(line => line == "BEGIN:VEVENT"));
        Assert.Equal(windows.Select(window => $"DTSTART:{window.Begin:yyyyMMdd'T'HHmmss'Z'}"), lines.Where(line => line.StartsWith("DTSTART", StringComparison.Ordinal)));
        Assert.Equal(windows.Count, lines.Where(line => line.StartsWith("UID:", StringComparison.Ordinal)).Distinct().Count());
        Assert.Contains("Updates\\; \"big\"\\, ünï\\nBEGIN:VEVENT", text.Replace("\r\n ", string.Empty, StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Guards_are_listed_with_their_present_state()
    {
        await using var stack = await WindowStack.CreateAsync(servers);
        stack.Stack.Maintenance!.Freeze.Add(new StackFreeze { From = DateTime.UtcNow.AddHours(-1), Until = DateTime.UtcNow.AddHours(1), Reason = "audit" });
        stack.Stack.Caches["cache"] = new StackCache { Port = TestRun.FreePort(), Protect = ["sess:*"] };
        await using var session = stack.Session();
        var guards = (await new GuardList(session, stack.Output).ReadAsync(new NameFilter([]), default)).ToLookup(guard => guard.Name);
        Assert.Equal(Guards.All.Select(guard => guard.Name), guards.Select(group => group.Key));
        Assert.Equal(HealthStatus.Warning, guards["Freeze"].Single().Status);
        Assert.Contains("audit", guards["Freeze"].Single().Message, StringComparison.Ordinal);
        Assert.Contains(guards["Health"], guard => guard.Target == "cache" && guard.Status == HealthStatus.Warning);
        Assert.Contains("sess:*", guards["ProtectedKey"].Single().Message, StringComparison.Ordinal);
        Assert.Equal(HealthStatus.Healthy, guards["Journal"].Single().Status);
        Assert.Equal(HealthStatus.Healthy, guards["OpenWindow"].Single().Status);
        Assert.Equal(["api", "worker"], guards["Drain"].Select(guard => guard.Target));
    }

    private static async Task<ServiceHealth?> HealthAsync(WindowStack stack)
    {
        await using var session = stack.Session();
        var member = await WindowCheck.FindAsync(session, default, stack.Time);
        var output = new RecordedOutput();
        await new HealthRunner(session, new HealthRequest { Kinds = [MemberKind.Maintenance], Further = member is null ? [] : [member] }, output).RunAsync(default);
        return output.Health.SingleOrDefault();
    }
}
