using System.Globalization;

namespace OpsRunbook.Engine.Maintenance;

/// <summary>The clock on the wall of a place, and what it shows when.</summary>
/// <param name="zone">Its time zone.</param>
public sealed class WallClock(TimeZoneInfo zone)
{
    /// <summary>Name of the time zone.</summary>
    public string Zone => zone.Id;

    /// <summary>The clock of a place.</summary>
    /// <param name="name">Time zone, an IANA name; null for that of this machine.</param>
    /// <returns>The clock.</returns>
    /// <exception cref="OpsException"><c>Window.TimeZoneUnknown</c>.</exception>
    public static WallClock Of(string? name)
    {
        try
        {
            return new WallClock(name is null ? TimeZoneInfo.Local : TimeZoneInfo.FindSystemTimeZoneById(name));
        }
        catch (Exception error) when (error is TimeZoneNotFoundException or InvalidTimeZoneException or System.Security.SecurityException or UnauthorizedAccessException)
        {
            throw new OpsException(
                "Window.TimeZoneUnknown",
                OpsErrorKind.InvalidArgument,
                $"This machine knows no time zone '{Display.Text(name)}'.",
                Suggest(name!),
                name,
                error);
        }
    }

    // People know the city. What is known at all would be a list of hundreds.
    private static string Suggest(string name)
    {
        var known = TimeZoneInfo.GetSystemTimeZones().Select(zone => zone.Id).ToList();
        var near = known.Find(zone => zone.EndsWith("/" + name.Trim().Replace(' ', '_'), StringComparison.OrdinalIgnoreCase)) ?? Nearest.Find(name, known);
        return near is null ? "Write a name such as Europe/Berlin, America/New_York or UTC, and see that the package tzdata is installed." : $"Did you mean '{near}'?";
    }

    /// <summary>
    /// The moment at which the clock shows a time. A time that is left out in spring counts as that much later; of one that comes twice in
    /// autumn the first is meant (RFC 5545).
    /// </summary>
    /// <param name="shown">What it shows.</param>
    /// <returns>UTC.</returns>
    public DateTime ToUtc(DateTime shown)
    {
        var time = DateTime.SpecifyKind(shown, DateTimeKind.Unspecified);

        // The offset before the gap; the first of two is the one with the greater offset.
        var offset = zone.IsInvalidTime(time) ? zone.GetUtcOffset(time.AddDays(-1))
            : zone.IsAmbiguousTime(time) ? zone.GetAmbiguousTimeOffsets(time).Max()
            : zone.GetUtcOffset(time);
        return DateTime.SpecifyKind(time - offset, DateTimeKind.Utc);
    }

    /// <summary>What the clock shows at a moment.</summary>
    /// <param name="utc">The moment, UTC.</param>
    /// <returns>What it shows.</returns>
    public DateTime Show(DateTime utc) => DateTime.SpecifyKind(TimeZoneInfo.ConvertTimeFromUtc(DateTime.SpecifyKind(utc, DateTimeKind.Utc), zone), DateTimeKind.Unspecified);

    /// <summary>Reads when something is to begin.</summary>
    /// <param name="value">A moment, or text: <c>2026-11-22 02:00</c> by this clock, or with an offset or Z.</param>
    /// <returns>What the clock shows then.</returns>
    /// <exception cref="OpsException"><c>Window.TimeInvalid</c>.</exception>
    public DateTime Read(object value)
    {
        switch (value)
        {
            case DateTimeOffset moment:
                return Show(moment.UtcDateTime);
            case DateTime moment:
                return moment.Kind == DateTimeKind.Unspecified ? moment : Show(moment.ToUniversalTime());
            default:
                var text = Convert.ToString(value, CultureInfo.InvariantCulture) ?? string.Empty;
                return DateTime.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out var read)
                    ? Read(read)
                    : throw new OpsException(
                        "Window.TimeInvalid",
                        OpsErrorKind.InvalidArgument,
                        $"'{Display.Text(text)}' is no moment at which a window could begin.",
                        "Write for example '2026-11-22 02:00' by the clock of -TimeZone, or 2026-11-22T00:00:00Z.",
                        text);
        }
    }
}
