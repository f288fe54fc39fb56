using OpsRunbook.Engine.Incidents;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Engine.Tests.Stacks;

namespace OpsRunbook.Engine.Tests.Incidents;

public sealed class EscalationTests
{
    // A Friday.
    private static readonly DateTimeOffset Start = new(2026, 1, 23, 10, 0, 0, TimeSpan.FromHours(5));

    [Theory]
    [InlineData(0, "on-call")]
    [InlineData(9, "on-call")]
    [InlineData(10, "on-call backend-lead")]
    [InlineData(45, "on-call backend-lead operations-manager")]
    public async Task Runbook_0_calls_by_the_minutes_that_passed(int minutes, string due)
    {
        var contacts = Escalation.For(await StackAsync("npanel"), "sev1", Start, Start.AddMinutes(minutes));
        Assert.Equal(due.Split(' '), contacts.Where(contact => contact.State == EscalationState.Due).Select(contact => contact.Contact));
        Assert.All(contacts.Where(contact => contact.State == EscalationState.Later), contact => Assert.Equal(contact.After!.Value - TimeSpan.FromMinutes(minutes), contact.DueIn));
        var immediate = contacts.Where(contact => contact.State == EscalationState.Immediate).Select(contact => $"{contact.Because}: {contact.Contact}").ToList();
        Assert.Contains("customer data is at risk: operations-manager", immediate);
        Assert.Contains("several services are down at once: backend-lead", immediate);
    }

    [Fact]
    public async Task Runbook_3_turns_week_by_week_across_the_end_of_a_year_with_53_weeks()
    {
        var stack = await StackAsync("vendhub");

        // 2026 has 53 weeks by ISO 8601: 2026-12-28 begins week 53, 2027-01-04 week 1.
        var primaries = ((int[])[0, 7, 14]).Select(days => OnCallRotation.On(stack.Escalation!.Rotation!, new DateOnly(2026, 12, 28).AddDays(days)).Primary).ToList();
        Assert.NotEqual(primaries[0], primaries[1]);
        Assert.Equal(primaries[0], primaries[2]);
        var monday = new DateOnly(2026, 12, 28);
        Assert.Single(Enumerable.Range(0, 7).Select(day => OnCallRotation.On(stack.Escalation!.Rotation!, monday.AddDays(day))).Distinct());

        var first = Escalation.For(stack, "P0", Start, Start)[0];
        Assert.Equal(OnCallRotation.On(stack.Escalation!.Rotation!, new DateOnly(2026, 1, 23)).Primary, first.Contact);
        Assert.EndsWith("(primary)", first.Because, StringComparison.Ordinal);
        Assert.NotEmpty(first.Email);
    }

    [Fact]
    public void A_rotation_begins_in_the_week_of_its_start_counts_back_before_it_and_gives_way_to_overrides()
    {
        var rotation = new StackRotation
        {
            Start = new DateOnly(2026, 1, 7),
            Weeks = [new StackRotationWeek { Primary = "a", Secondary = "b" }, new StackRotationWeek { Primary = "b" }, new StackRotationWeek { Primary = "c" }],
            Overrides = [new StackRotationOverride { From = new DateOnly(2026, 1, 9), Until = new DateOnly(2026, 1, 10), Primary = "z" }, new StackRotationOverride { From = new DateOnly(2026, 1, 14), Secondary = "y" }],
        };
        (string, string?) On(int month, int day) => OnCallRotation.On(rotation, new DateOnly(2026, month, day));
        Assert.Equal(("a", "b"), On(1, 5));
        Assert.Equal(("z", "b"), On(1, 9));
        Assert.Equal(("z", "b"), On(1, 10));
        Assert.Equal(("a", "b"), On(1, 11));
        Assert.Equal(("b", null), On(1, 12));
        Assert.Equal(("b", "y"), On(1, 14));
        Assert.Equal(("c", null), OnCallRotation.On(rotation, new DateOnly(2026, 1, 4)));
        Assert.Equal(("a", "b"), On(1, 26));
    }

    [Fact]
    public async Task What_waits_for_the_next_business_day_is_due_on_monday()
    {
        var stack = await StackAsync("vendhub");
        var contact = Escalation.For(stack, "P3", Start, Start)[0];
        Assert.Equal((EscalationState.Later, TimeSpan.FromHours(62)), (contact.State, contact.DueIn));
        Assert.Equal(EscalationState.Due, Escalation.For(stack, "P3", Start, Start.AddHours(62))[0].State);
    }

    [Fact]
    public async Task A_clock_that_was_set_back_gives_no_negative_time_and_an_unknown_severity_names_the_nearest()
    {
        var stack = await StackAsync("npanel");
        Assert.All(Escalation.For(stack, "SEV1", Start, Start.AddDays(-1)), contact => Assert.True(contact.DueIn is null || contact.DueIn >= TimeSpan.Zero));
        var error = Assert.Throws<OpsException>(() => Escalation.For(stack, "SEV", Start, Start));
        Assert.Equal("Escalation.SeverityUnknown", error.Id);
        Assert.Contains("SEV1", error.NextStep, StringComparison.Ordinal);
        Assert.Equal("Escalation.NotConfigured", Assert.Throws<OpsException>(() => Escalation.For(new OpsStack { Name = "bare" }, "P1", Start, Start)).Id);
    }

    [Fact]
    public void Without_a_line_of_the_matrix_the_levels_count()
    {
        var stack = new OpsStack { Escalation = new StackEscalation { OnCall = "PagerDuty" } };
        stack.Severities["P1"] = new StackSeverity();
        stack.Contacts["lead"] = new StackContact { Role = "Lead" };
        stack.Escalation.Levels = [new StackEscalationLevel { Name = "First", Contacts = ["primary"] }, new StackEscalationLevel { Name = "Second", Contacts = ["lead"], After = TimeSpan.FromMinutes(15), Unless = "progress" }];
        var contacts = Escalation.For(stack, "P1", Start, Start.AddMinutes(5));
        Assert.Equal([("primary", "PagerDuty", "First"), ("lead", string.Empty, "Second, without progress")], contacts.Select(contact => (contact.Contact, contact.Via, contact.Because)));
        Assert.Equal(TimeSpan.FromMinutes(10), contacts[1].DueIn);
    }

    private static async Task<OpsStack> StackAsync(string name) => (await StackLoader.ReadAsync(Repository.File($"module/stacks/{name}.yaml"), default)).Stack;
}
