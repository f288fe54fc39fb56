using System.Text;
using OpsRunbook.Engine.Logs.Formats;

namespace OpsRunbook.Engine.Tests.Logs;

public sealed class LogClockTests
{
    private static readonly TimeZoneInfo Berlin = TimeZoneInfo.CreateCustomTimeZone("test", TimeSpan.FromHours(1), "test", "test");

    [Theory]
    [InlineData("2026-01-23T10:30:00Z", "2026-01-23 10:30:00")]
    [InlineData("2026-01-23T10:30:00.5+02:00", "2026-01-23 08:30:00.5")]
    [InlineData("2026-01-23 10:30:00 UTC", "2026-01-23 10:30:00")]
    [InlineData("2026-01-23 10:30:00 CEST", "2026-01-23 08:30:00")]
    [InlineData("2026-01-23 10:30:00 EST", "2026-01-23 15:30:00")]
    [InlineData("2026-01-23 10:30:00 ERROR x", "2026-01-23 09:30:00")]
    [InlineData("2026-01-23 10:30:00 -0330", "2026-01-23 14:00:00")]
    [InlineData("2026-01-23 10:30:00 -05 x", "2026-01-23 09:30:00")]
    [InlineData("2026/01/23 10:30:00", "2026-01-23 09:30:00")]
    [InlineData("23/Jan/2026:10:30:00 +0100", "2026-01-23 09:30:00")]
    [InlineData("23-Jan-2026 10:30:00 UTC", "2026-01-23 10:30:00")]
    [InlineData("3 Jan 2026 10:30:00.250", "2026-01-03 09:30:00.25")]
    [InlineData("Fri Jan 23 10:30:00.5 2026", "2026-01-23 09:30:00.5")]
    [InlineData("Fri, 23 Jan 2026 10:30:00 GMT", "2026-01-23 10:30:00")]
    [InlineData("Jan  3 10:30:00 host", "2026-01-03 09:30:00")]
    [InlineData("Jan 3 10:30:00 host", "2026-01-03 09:30:00")]
    [InlineData("260123  9:05:00", "2026-01-23 08:05:00")]
    [InlineData("1769164200", "2026-01-23 10:30:00")]
    [InlineData("1769164200500", "2026-01-23 10:30:00.5")]
    [InlineData("2026-12-31T23:59:60Z", "2026-12-31 23:59:59")]
    public void Times_are_read(string text, string expected)
    {
        var clock = new LogClock(new DateTime(2026, 6, 1, 0, 0, 0, DateTimeKind.Utc), Berlin);

        Assert.True(clock.TryRead(Encoding.UTF8.GetBytes(text), out var ticks, out _));
        Assert.Equal(DateTime.Parse(expected, System.Globalization.CultureInfo.InvariantCulture), new DateTime(ticks));
    }

    [Theory]
    [InlineData("2026-02-30T10:30:00Z")]
    [InlineData("2026-01-23T25:30:00Z")]
    [InlineData("0000-01-01T00:00:00Z")]
    [InlineData("99999999999999999999 x")]
    [InlineData("Jan 99 10:30:00 x")]
    [InlineData("Feb 30 10:30:00 x")]
    [InlineData("12:30:00 message")]
    [InlineData("4242424242x is no time")]
    [InlineData("Jan")]
    public void What_is_no_time_is_not_taken_for_one(string text) =>
        Assert.False(new LogClock(DateTime.UtcNow, TimeZoneInfo.Utc).TryRead(Encoding.UTF8.GetBytes(text), out _, out _));

    [Theory]
    [InlineData("2026-01-01 00:05", "Dec 31 23:59:59 h", "2025-12-31 23:59:59")]
    [InlineData("2026-01-01 00:05", "Jan  1 00:04:00 h", "2026-01-01 00:04:00")]
    [InlineData("2026-05-05 12:00", "May  6 12:00:00 h", "2025-05-06 12:00:00")]
    [InlineData("2026-05-05 12:00", "Feb 29 12:00:00 h", "2024-02-29 12:00:00")]
    public void A_time_without_a_year_is_never_in_the_future(string latest, string text, string expected)
    {
        var clock = new LogClock(DateTime.Parse(latest, System.Globalization.CultureInfo.InvariantCulture), TimeZoneInfo.Utc);

        Assert.True(clock.TryRead(Encoding.UTF8.GetBytes(text), out var ticks, out _));
        Assert.Equal(DateTime.Parse(expected, System.Globalization.CultureInfo.InvariantCulture), new DateTime(ticks));
    }
}
