namespace OpsRunbook.Engine.Maintenance;

/// <summary>What is asked of a window that begins later.</summary>
public sealed record WindowPlan
{
    /// <summary>When: a moment, or text such as <c>2026-11-22 02:00</c> by the clock of <see cref="TimeZone"/>.</summary>
    public required object At { get; init; }

    /// <summary>Time zone, an IANA name; null for that of this machine.</summary>
    public string? TimeZone { get; init; }

    /// <summary>How long it takes.</summary>
    public TimeSpan Length { get; init; } = WindowRequest.DefaultLength;

    /// <summary>Rule by which it recurs, as of <see cref="RecurrenceRule.Parse"/>; null for once.</summary>
    public string? Repeat { get; init; }

    /// <summary>What it is for; null for nothing in particular.</summary>
    public string? Title { get; init; }
}
