namespace OpsRunbook.Engine.Incidents;

/// <summary>Who is on call on a day.</summary>
public static class OnCallRotation
{
    private const int DaysOfWeek = 7;

    // A Monday: with it, weeks are the weeks of ISO 8601, without a leap at the end of a year with 53 of them.
    private static readonly DateOnly FirstMonday = new(1970, 1, 5);

    /// <summary>Who is called first and next.</summary>
    /// <param name="rotation">The rotation.</param>
    /// <param name="day">The day.</param>
    /// <returns>Keys of contacts; the second is null where the stack names nobody.</returns>
    public static (string Primary, string? Secondary) On(StackRotation rotation, DateOnly day)
    {
        ArgumentNullException.ThrowIfNull(rotation);

        // The day that the rotation begins may be any day of its week.
        var start = rotation.Start ?? FirstMonday;
        start = start.AddDays(-(((int)start.DayOfWeek + DaysOfWeek - 1) % DaysOfWeek));
        var weeks = Math.DivRem(day.DayNumber - start.DayNumber, DaysOfWeek, out var rest) - (rest < 0 ? 1 : 0);
        var week = rotation.Weeks[((weeks % rotation.Weeks.Count) + rotation.Weeks.Count) % rotation.Weeks.Count];
        var instead = rotation.Overrides.LastOrDefault(other => day >= other.From && day <= (other.Until ?? other.From));
        return (instead?.Primary ?? week.Primary, instead?.Secondary ?? week.Secondary);
    }
}
