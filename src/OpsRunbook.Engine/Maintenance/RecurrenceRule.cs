using System.Globalization;
using System.Text.RegularExpressions;

namespace OpsRunbook.Engine.Maintenance;

/// <summary>When something recurs: every so many days, weeks or months, by the clock on the wall of a place.</summary>
public sealed partial class RecurrenceRule
{
    private const int LongestInterval = 100;
    private const int LastDay = -1;
    private const int DaysOfWeek = 7;
    private static readonly string[] Ordinals = ["first", "second", "third", "fourth"];

    private readonly string _unit;
    private readonly int _interval;
    private readonly IReadOnlyList<DayOfWeek> _days;
    private readonly int? _place;

    private RecurrenceRule(string unit, int interval, IReadOnlyList<DayOfWeek> days, int? place)
    {
        _unit = unit;
        _interval = interval;
        _days = days;
        _place = place;
    }

    /// <summary>Reads a rule.</summary>
    /// <param name="text">
    /// For example <c>daily</c>, <c>weekly on Sunday, Wednesday</c>, <c>every 2 weeks on Sunday</c>, <c>monthly on day 15</c>, <c>monthly on the last day</c>,
    /// <c>monthly on the first Friday</c>. Without a day it is the day of the first time.
    /// </param>
    /// <returns>The rule.</returns>
    /// <exception cref="OpsException"><c>Window.RepeatInvalid</c>.</exception>
    public static RecurrenceRule Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var match = Form().Match(text.Trim());
        if (!match.Success)
        {
            throw Invalid(text);
        }

        var unit = match.Groups["often"].Success
            ? match.Groups["often"].Value.ToUpperInvariant() switch { "DAILY" => "day", "WEEKLY" => "week", _ => "month" }
            : match.Groups["unit"].Value.ToLowerInvariant();
        var interval = match.Groups["interval"].Success ? int.Parse(match.Groups["interval"].Value, CultureInfo.InvariantCulture) : 1;
        var (days, place) = Days(unit, match.Groups["days"].Value, text);
        return interval is >= 1 and <= LongestInterval ? new RecurrenceRule(unit, interval, days, place) : throw Invalid(text);
    }

    /// <summary>The times of the rule.</summary>
    /// <param name="start">First possible time, by the clock of the place.</param>
    /// <returns>The times in their order, without an end; by the clock of the place, where some of them may not exist or exist twice.</returns>
    public IEnumerable<DateTime> From(DateTime start) => _unit switch
    {
        "day" => Steps().Select(step => start.AddDays(step)),
        "week" => Weeks(start),
        _ => Months(start),
    };

    /// <inheritdoc/>
    public override string ToString()
    {
        var often = _interval == 1
            ? _unit switch { "day" => "daily", "week" => "weekly", _ => "monthly" }
            : string.Create(CultureInfo.InvariantCulture, $"every {_interval} {_unit}s");
        return (_unit, _days.Count, _place) switch
        {
            ("week", > 0, _) => $"{often} on {string.Join(", ", _days)}",
            ("month", 1, { } place) => $"{often} on the {(place == LastDay ? "last" : Ordinals[place - 1])} {_days[0]}",
            ("month", _, LastDay) => $"{often} on the last day",
            ("month", _, { } day) => string.Create(CultureInfo.InvariantCulture, $"{often} on day {day}"),
            _ => often,
        };
    }

    private static (IReadOnlyList<DayOfWeek> Days, int? Place) Days(string unit, string text, string rule)
    {
        if (text.Length == 0)
        {
            return ([], null);
        }

        if (unit == "week")
        {
            var days = text.Split([',', ' '], StringSplitOptions.RemoveEmptyEntries).Where(word => !word.Equals("and", StringComparison.OrdinalIgnoreCase)).Select(word => Day(word, rule)).Distinct();
            return ([.. days.OrderBy(FromMonday)], null);
        }

        var place = PlaceForm().Match(text);
        if (unit != "month" || !place.Success)
        {
            throw Invalid(rule);
        }

        if (place.Groups["number"].Success)
        {
            var day = int.Parse(place.Groups["number"].Value, CultureInfo.InvariantCulture);
            return day is >= 1 and <= 31 ? ([], day) : throw Invalid(rule);
        }

        var ordinal = place.Groups["ordinal"].Value.ToLowerInvariant();
        var number = ordinal == "last" ? LastDay : Array.IndexOf(Ordinals, ordinal) + 1;
        return place.Groups["day"].Value.Equals("day", StringComparison.OrdinalIgnoreCase) ? ([], number) : ([Day(place.Groups["day"].Value, rule)], number);
    }

    private static DayOfWeek Day(string word, string rule)
    {
        foreach (var day in Enum.GetValues<DayOfWeek>())
        {
            if (word.Length >= 2 && $"{day}".StartsWith(word, StringComparison.OrdinalIgnoreCase))
            {
                return day;
            }
        }

        throw Invalid(rule);
    }

    private static int FromMonday(DayOfWeek day) => ((int)day + DaysOfWeek - 1) % DaysOfWeek;

    private static OpsException Invalid(string text) => new(
        "Window.RepeatInvalid",
        OpsErrorKind.InvalidArgument,
        $"'{Display.Text(text)}' is no rule by which something recurs.",
        "Write for example daily, 'weekly on Sunday', 'every 2 weeks on Monday, Thursday', 'monthly on day 15', 'monthly on the first Friday' or 'monthly on the last day'.",
        text);

    private IEnumerable<int> Steps()
    {
        for (var step = 0; ; step += _interval)
        {
            yield return step;
        }
    }

    private IEnumerable<DateTime> Weeks(DateTime start)
    {
        var monday = start.AddDays(-FromMonday(start.DayOfWeek));
        IReadOnlyList<DayOfWeek> days = _days.Count > 0 ? _days : [start.DayOfWeek];
        return Steps().SelectMany(week => days.Select(day => monday.AddDays((week * DaysOfWeek) + FromMonday(day)))).Where(time => time >= start);
    }

    // A month that does not have the day is left out, as RFC 5545 has it.
    private IEnumerable<DateTime> Months(DateTime start)
    {
        var first = new DateTime(start.Year, start.Month, 1, 0, 0, 0, DateTimeKind.Unspecified) + start.TimeOfDay;
        return Steps().Select(step => first.AddMonths(step)).Select(month => DayOf(month, start.Day)).OfType<DateTime>().Where(time => time >= start);
    }

    private DateTime? DayOf(DateTime month, int usual)
    {
        var length = DateTime.DaysInMonth(month.Year, month.Month);
        if (_days.Count == 0)
        {
            var day = _place == LastDay ? length : _place ?? usual;
            return day <= length ? month.AddDays(day - 1) : null;
        }

        var all = Enumerable.Range(0, length).Select(day => month.AddDays(day)).Where(day => day.DayOfWeek == _days[0]).ToList();
        return _place == LastDay ? all[^1] : all[_place!.Value - 1];
    }

    [GeneratedRegex(@"^((?<often>daily|weekly|monthly)|every\s+((?<interval>\d{1,3})\s+)?(?<unit>day|week|month)s?)(\s+(on\s+)?(the\s+)?(?<days>\S.*))?$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Form();

    [GeneratedRegex(@"^((day\s+)?(?<number>\d{1,2})|(?<ordinal>first|second|third|fourth|last)\s+(?<day>[a-z]+))$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex PlaceForm();
}
