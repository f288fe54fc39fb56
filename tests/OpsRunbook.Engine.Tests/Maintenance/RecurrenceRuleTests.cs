using System.Globalization;
using OpsRunbook.Engine.Maintenance;

namespace OpsRunbook.Engine.Tests.Maintenance;

public sealed class RecurrenceRuleTests
{
    [Theory]
    [InlineData("daily", "daily", "2026-03-04 02:30", "2026-03-05 02:30")]
    [InlineData("every 3 days", "every 3 days", "2026-03-04 02:30", "2026-03-07 02:30")]
    [InlineData("weekly", "weekly", "2026-03-04 02:30", "2026-03-11 02:30")]
    [InlineData("Weekly on sunday", "weekly on Sunday", "2026-03-08 02:30", "2026-03-15 02:30")]
    [InlineData("weekly on Sun and mon", "weekly on Monday, Sunday", "2026-03-08 02:30", "2026-03-09 02:30")]
    [InlineData("every 2 weeks on Monday", "every 2 weeks on Monday", "2026-03-16 02:30", "2026-03-30 02:30")]
    [InlineData("monthly", "monthly", "2026-03-04 02:30", "2026-04-04 02:30")]
    [InlineData("monthly on day 31", "monthly on day 31", "2026-03-31 02:30", "2026-05-31 02:30")]
    [InlineData("monthly on the last day", "monthly on the last day", "2026-03-31 02:30", "2026-04-30 02:30")]
    [InlineData("monthly on the first Friday", "monthly on the first Friday", "2026-03-06 02:30", "2026-04-03 02:30")]
    [InlineData("monthly on the last sunday", "monthly on the last Sunday", "2026-03-29 02:30", "2026-04-26 02:30")]
    [InlineData("every 3 months on day 1", "every 3 months on day 1", "2026-06-01 02:30", "2026-09-01 02:30")]
    public void A_rule_is_read_shown_and_followed(string text, string shown, string first, string second)
    {
        // A Wednesday.
        var rule = RecurrenceRule.Parse(text);
        Assert.Equal(shown, rule.ToString());
        Assert.Equal([Time(first), Time(second)], rule.From(Time("2026-03-04 02:30")).Take(2));
        Assert.Equal(rule.From(Time("2026-03-04 02:30")).Take(20), RecurrenceRule.Parse(shown).From(Time("2026-03-04 02:30")).Take(20));
    }

    [Theory]
    [InlineData("")]
    [InlineData("sometimes")]
    [InlineData("weekly on Caturday")]
    [InlineData("weekly on day 3")]
    [InlineData("daily on Monday")]
    [InlineData("monthly on day 32")]
    [InlineData("monthly on the first Fnord")]
    [InlineData("every 0 days")]
    [InlineData("every 999 weeks")]
    public void What_is_no_rule_is_refused_with_examples(string text)
    {
        var error = Assert.Throws<OpsException>(() => RecurrenceRule.Parse(text));
        Assert.Equal("Window.RepeatInvalid", error.Id);
        Assert.Contains("weekly on Sunday", error.NextStep, StringComparison.Ordinal);
    }

    [Fact]
    public void The_clock_on_the_wall_counts_on_both_sides_of_a_change_of_clocks()
    {
        var clock = WallClock.Of("Europe/Berlin");
        var spring = RecurrenceRule.Parse("weekly on Sunday").From(Time("2026-03-22 02:30")).Take(3).Select(clock.ToUtc);
        Assert.Equal([Utc("2026-03-22 01:30"), Utc("2026-03-29 01:30"), Utc("2026-04-05 00:30")], spring);

        // 02:30 does not exist on 29 March and is 03:30 then; on 25 October it comes twice and the first is meant.
        Assert.Equal(Time("2026-03-29 03:30"), clock.Show(Utc("2026-03-29 01:30")));
        var autumn = RecurrenceRule.Parse("daily").From(Time("2026-10-24 02:30")).Take(3).Select(clock.ToUtc);
        Assert.Equal([Utc("2026-10-24 00:30"), Utc("2026-10-25 00:30"), Utc("2026-10-26 01:30")], autumn);
    }

    [Fact]
    public void A_moment_is_read_by_the_clock_of_the_place_unless_it_says_its_own()
    {
        var clock = WallClock.Of("Asia/Tashkent");
        Assert.Equal(Utc("2026-11-21 21:00"), clock.ToUtc(clock.Read("2026-11-22 02:00")));
        Assert.Equal(Utc("2026-11-22 02:00"), clock.ToUtc(clock.Read("2026-11-22T02:00:00Z")));
        Assert.Equal(Utc("2026-11-22 01:00"), clock.ToUtc(clock.Read("2026-11-22T02:00:00+01:00")));
        Assert.Equal(Utc("2026-11-22 02:00"), clock.ToUtc(clock.Read(Utc("2026-11-22 02:00"))));
        Assert.Equal("Window.TimeInvalid", Assert.Throws<OpsException>(() => clock.Read("tomorrow-ish")).Id);
        var unknown = Assert.Throws<OpsException>(() => WallClock.Of("Europe/Berlim"));
        Assert.Equal("Window.TimeZoneUnknown", unknown.Id);
        Assert.Equal("Did you mean 'Europe/Berlin'?", Assert.Throws<OpsException>(() => WallClock.Of("berlin")).NextStep);
        Assert.Contains("such as", Assert.Throws<OpsException>(() => WallClock.Of("Mars/Olympus")).NextStep, StringComparison.Ordinal);
        Assert.Contains("Europe/Berlin", unknown.NextStep, StringComparison.Ordinal);
    }

    private static DateTime Time(string text) => DateTime.Parse(text, CultureInfo.InvariantCulture);

    private static DateTime Utc(string text) => DateTime.SpecifyKind(Time(text), DateTimeKind.Utc);
}
