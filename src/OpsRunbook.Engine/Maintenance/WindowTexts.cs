using System.Globalization;
using OpsRunbook.Engine.Announcements;

namespace OpsRunbook.Engine.Maintenance;

/// <summary>What people are told about a window.</summary>
internal static class WindowTexts
{
    /// <summary>It is planned.</summary>
    public static Announcement Planned(WindowDocument window) => new(
        $"Planned maintenance of {window.Stack}: {window.Title}",
        $"{window.Stack} will be in maintenance from {Moment(window, window.Begin)} to {Moment(window, window.End)}.{(window.Repeat is { } repeat ? $"\nIt recurs {repeat}." : string.Empty)}\n{window.Title}");

    /// <summary>It begins.</summary>
    public static Announcement Begin(WindowDocument window) => new(
        $"Maintenance of {window.Stack} begins: {window.Title}", $"{window.Stack} is in maintenance now, until about {Moment(window, window.End)}.\n{window.Title}");

    /// <summary>It takes longer.</summary>
    public static Announcement Extended(WindowDocument window) => new(
        $"Maintenance of {window.Stack} takes longer: {window.Title}", $"{window.Stack} stays in maintenance until about {Moment(window, window.End)}.\n{window.Title}");

    /// <summary>It is over.</summary>
    public static Announcement End(WindowDocument window) => window.OpenedAt is null
        ? new($"Maintenance of {window.Stack} was not begun: {window.Title}", $"The maintenance of {window.Stack} could not be begun. The service is available.\n{window.Title}")
        : new($"Maintenance of {window.Stack} is over: {window.Title}", $"The maintenance of {window.Stack} is over. The service is available again.\n{window.Title}");

    /// <summary>It will not take place.</summary>
    public static Announcement Cancelled(WindowDocument window) => new(
        $"Maintenance of {window.Stack} is cancelled: {window.Title}",
        $"The maintenance of {window.Stack} that was planned for {Moment(window, window.Begin)} will not take place.\n{window.Title}");

    /// <summary>Who it is, for comments and messages.</summary>
    public static string Who(WindowDocument window) => string.Create(CultureInfo.InvariantCulture, $"{window.By.User} on {window.By.Machine} (process {window.By.Pid})");

    /// <summary>A moment by the clock of the window's place, or UTC.</summary>
    public static string Moment(WindowDocument window, DateTime utc) => window.TimeZone is { } zone && zone != "UTC"
        ? string.Create(CultureInfo.InvariantCulture, $"{WallClock.Of(zone).Show(utc):yyyy-MM-dd HH:mm} {zone} ({utc:yyyy-MM-dd HH:mm} UTC)")
        : string.Create(CultureInfo.InvariantCulture, $"{utc:yyyy-MM-dd HH:mm} UTC");
}
