using System.Buffers;
using System.Buffers.Text;

namespace OpsRunbook.Engine.Logs.Formats;

/// <summary>
/// Reads the times of one log. A time without a zone is local; a time without a year is of the last year in which
/// it is not in the future. Not safe for several threads.
/// </summary>
/// <param name="latest">UTC: no record can be younger. For a file, when it was last written; otherwise now.</param>
/// <param name="zone">Zone of times that name none.</param>
internal sealed class LogClock(DateTime latest, TimeZoneInfo zone)
{
    // Clocks of two machines differ, and a file's time is rounded.
    private static readonly TimeSpan Slack = TimeSpan.FromMinutes(2);

    private static readonly SearchValues<byte> Numbers = SearchValues.Create("0123456789."u8);

    private readonly long _latest = (latest + Slack).Ticks;
    private readonly byte[] _last = new byte[32];
    private int _lastLength;
    private long _lastTicks;
    private long _hour = -1;
    private long _offset;
    private (ulong, ulong) _minute;
    private long _minuteTicks;

    /// <summary>Reads a time at the beginning of a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="ticks">UTC ticks.</param>
    /// <param name="length">How many bytes it takes, with its zone.</param>
    /// <returns>False when none stands there.</returns>
    public bool TryRead(ReadOnlySpan<byte> text, out long ticks, out int length)
    {
        (ticks, length) = (0, 0);
        if (text.Length < 10)
        {
            return false;
        }

        return IsDigit(text[0])
            ? text[4] is (byte)'-' or (byte)'/' ? TryReadIso(text, out ticks, out length)
                : text[2] is (byte)'/' or (byte)'-' or (byte)' ' || text[1] == (byte)' ' ? TryReadDayFirst(text, out ticks, out length)
                : text[6] == (byte)' ' ? TryReadShort(text, out ticks, out length)
                : TryReadEpoch(text, out ticks, out length)
            : TryReadMonthFirst(text, out ticks, out length);
    }

    /// <summary>Reads a text that is a time and nothing else. Many records in a row have the same one.</summary>
    /// <param name="text">The text.</param>
    /// <param name="ticks">UTC ticks.</param>
    /// <returns>False when it is none.</returns>
    public bool TryReadWhole(ReadOnlySpan<byte> text, out long ticks)
    {
        if (_lastLength > 0 && text.SequenceEqual(_last.AsSpan(0, _lastLength)))
        {
            ticks = _lastTicks;
            return true;
        }

        if (!TryRead(text, out ticks, out _))
        {
            return false;
        }

        if (text.Length <= _last.Length)
        {
            text.CopyTo(_last);
            (_lastLength, _lastTicks) = (text.Length, ticks);
        }

        return true;
    }

    /// <summary>Local ticks to UTC ticks.</summary>
    /// <param name="local">Ticks of a time in the log's zone.</param>
    /// <returns>UTC ticks.</returns>
    public long ToUtc(long local)
    {
        // The offset changes at full hours at the most often.
        var hour = local / TimeSpan.TicksPerHour;
        if (hour != _hour)
        {
            _offset = zone.GetUtcOffset(new DateTime(local, DateTimeKind.Unspecified)).Ticks;
            _hour = hour;
        }

        return local - _offset;
    }

    /// <summary>Seconds or milliseconds (or finer) since 1970 to UTC ticks.</summary>
    /// <param name="value">The number.</param>
    /// <returns>UTC ticks; 0 when it is not a time of this age.</returns>
    public static long FromEpoch(double value)
    {
        var seconds = value switch { >= 1e17 => value / 1e9, >= 1e14 => value / 1e6, >= 1e11 => value / 1e3, _ => value };
        return seconds is >= 1e8 and < 7e9 ? DateTime.UnixEpoch.Ticks + (long)(seconds * TimeSpan.TicksPerSecond) : 0;
    }

    /// <summary>Ticks of a date and time of day without its zone.</summary>
    /// <returns>0 when there is no such moment.</returns>
    public static long Ticks(int year, int month, int day, int hour, int minute, int second)
    {
        if (year is < 1970 or > 2200 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month) || hour is < 0 or > 23 || minute is < 0 or > 59 || second is < 0 or > 60)
        {
            return 0;
        }

        // A leap second has no place of its own.
        return new DateTime(year, month, day).Ticks + (((((hour * 60L) + minute) * 60) + Math.Min(second, 59)) * TimeSpan.TicksPerSecond);
    }

    // 2026-01-23T10:30:00.123Z, 2026-01-23 10:30:00,123 +01:00, 2026/01/23 10:30:00
    private bool TryReadIso(ReadOnlySpan<byte> text, out long ticks, out int length)
    {
        (ticks, length) = (0, 0);
        if (IsoTime.HasShape(text))
        {
            var usual = MinuteTicks(text);
            length = IsoTime.MinuteLength;
            if (usual == 0 || !TryReadSecond(text, ref length, ref usual))
            {
                return false;
            }

            ticks = WithZone(usual, text, ref length);
            return true;
        }

        if (text.Length < 16 || text[7] != text[4] || text[10] is not ((byte)'T' or (byte)' ' or (byte)'t'))
        {
            return false;
        }

        var day = Ticks((Two(text) * 100) + Two(text[2..]), Two(text[5..]), Two(text[8..]), 0, 0, 0);
        var at = 11;
        if (Two(text) < 0 || day == 0 || !TryReadTime(text, ref at, out var time))
        {
            return false;
        }

        ticks = WithZone(day + time, text, ref at);
        length = at;
        return true;
    }

    // Many records in a row are of the same minute.
    private long MinuteTicks(ReadOnlySpan<byte> text)
    {
        var minute = IsoTime.Minute(text);
        if (minute != _minute)
        {
            _minuteTicks = Ticks((Two(text) * 100) + Two(text[2..]), Two(text[5..]), Two(text[8..]), Two(text[11..]), Two(text[14..]), 0);
            _minute = minute;
        }

        return _minuteTicks;
    }

    // 23/Jan/2026:10:30:00 +0000, 23-Jan-2026 10:30:00 UTC, 23 Jan 2026 10:30:00.123
    private bool TryReadDayFirst(ReadOnlySpan<byte> text, out long ticks, out int length)
    {
        (ticks, length) = (0, 0);
        var digits = IsDigit(text[1]) ? 2 : 1;
        var date = text[(digits + 1)..];
        if (date.Length < 14 || date[3] != text[digits] || date[8] is not ((byte)':' or (byte)' '))
        {
            return false;
        }

        var year = Two(date[4..]) < 0 ? -1 : (Two(date[4..]) * 100) + Two(date[6..]);
        var day = Ticks(year, Month(date), digits == 2 ? Two(text) : text[0] - '0', 0, 0, 0);
        var at = digits + 10;
        if (day == 0 || !TryReadTime(text, ref at, out var time))
        {
            return false;
        }

        ticks = WithZone(day + time, text, ref at);
        length = at;
        return true;
    }

    // 260123 10:30:00 or 260123  9:05:00, of old MySQL
    private bool TryReadShort(ReadOnlySpan<byte> text, out long ticks, out int length)
    {
        (ticks, length) = (0, 0);
        if (Two(text) < 0)
        {
            return false;
        }

        var day = Ticks(2000 + Two(text), Two(text[2..]), Two(text[4..]), 0, 0, 0);
        var at = 7;
        if (day == 0 || !TryReadTime(text, ref at, out var time))
        {
            return false;
        }

        ticks = ToUtc(day + time);
        length = at;
        return true;
    }

    // 1769164200, 1769164200.123, 1769164200123
    private static bool TryReadEpoch(ReadOnlySpan<byte> text, out long ticks, out int length)
    {
        (ticks, length) = (0, 0);
        var end = text.IndexOfAnyExcept(Numbers);
        end = end < 0 ? text.Length : end;
        if (end is < 10 or > 21 || (end < text.Length && text[end] is not ((byte)' ' or (byte)']' or (byte)':' or (byte)'\t' or (byte)',')))
        {
            return false;
        }

        if (!Utf8Parser.TryParse(text[..end], out double value, out var used) || used != end || value < 9e8)
        {
            return false;
        }

        ticks = FromEpoch(value);
        length = end;
        return ticks != 0;
    }

    // Jan 23 10:30:00, Jan  3 2026 10:30:00, Fri Jan 23 10:30:00.123 2026, Fri, 23 Jan 2026 10:30:00 GMT
    private bool TryReadMonthFirst(ReadOnlySpan<byte> text, out long ticks, out int length)
    {
        (ticks, length) = (0, 0);
        var at = 0;
        var month = Month(text);
        if (month == 0)
        {
            at = text[3] == (byte)',' ? 5 : 4;
            if (!IsWeekday(text) || text[at - 1] != (byte)' ' || text.Length < at + 11)
            {
                return false;
            }

            if (at == 5)
            {
                var read = TryReadDayFirst(text[5..], out ticks, out length);
                length += read ? 5 : 0;
                return read;
            }

            month = Month(text[at..]);
        }

        if (month == 0 || text.Length < at + 14 || text[at + 3] != (byte)' ')
        {
            return false;
        }

        at += 4;
        var day = text[at] == (byte)' ' ? Digit(text[at + 1]) : Two(text[at..]);
        var narrow = day < 0 ? Digit(text[at]) : -1;
        (day, at) = narrow > 0 && text[at + 1] == (byte)' ' ? (narrow, at + 1) : (day, at + 2);
        if (day < 1 || at >= text.Length || text[at] != (byte)' ')
        {
            return false;
        }

        at++;
        var year = Year(text[at..]);
        at += year > 0 && at + 4 < text.Length && text[at + 4] == (byte)' ' ? 5 : 0;
        if (!TryReadTime(text, ref at, out var time))
        {
            return false;
        }

        if (year <= 0 && text.Length >= at + 5 && text[at] == (byte)' ' && Year(text[(at + 1)..]) is > 0 and var after
            && (text.Length == at + 5 || !char.IsAsciiLetterOrDigit((char)text[at + 5])))
        {
            (year, at) = (after, at + 5);
        }

        if (year > 0)
        {
            var date = Ticks(year, month, day, 0, 0, 0);
            ticks = date == 0 ? 0 : WithZone(date + time, text, ref at);
        }
        else
        {
            ticks = LatestYear(month, day, time);
        }

        length = at;
        return ticks != 0;
    }

    // 29 February may have to go back to the last leap year.
    private long LatestYear(int month, int day, long time)
    {
        var latestYear = new DateTime(Math.Min(_latest, DateTime.MaxValue.Ticks)).Year + 1;
        for (var year = latestYear; year > latestYear - 10; year--)
        {
            var date = Ticks(year, month, day, 0, 0, 0);
            if (date != 0 && ToUtc(date + time) is var ticks && ticks <= _latest)
            {
                return ticks;
            }
        }

        return 0;
    }

    // 10:30, 10:30:00, 10:30:00.123456, and a blank for the first digit
    private static bool TryReadTime(ReadOnlySpan<byte> text, ref int at, out long time)
    {
        time = 0;
        if (text.Length < at + 5)
        {
            return false;
        }

        var hour = text[at] == (byte)' ' ? Digit(text[at + 1]) : Two(text[at..]);
        var minute = Two(text[(at + 3)..]);
        if (hour is < 0 or > 23 || text[at + 2] != (byte)':' || minute is < 0 or > 59)
        {
            return false;
        }

        at += 5;
        time = ((hour * 60L) + minute) * TimeSpan.TicksPerMinute;
        return TryReadSecond(text, ref at, ref time);
    }

    // What follows the minute: :00, :00.123456, or nothing
    private static bool TryReadSecond(ReadOnlySpan<byte> text, ref int at, ref long time)
    {
        if (text.Length >= at + 3 && text[at] == (byte)':')
        {
            var second = Two(text[(at + 1)..]);
            if (second is < 0 or > 60)
            {
                return false;
            }

            at += 3;
            time += Math.Min(second, 59) * TimeSpan.TicksPerSecond;
        }

        if (at + 1 < text.Length && text[at] is (byte)'.' or (byte)',' && IsDigit(text[at + 1]))
        {
            var unit = TimeSpan.TicksPerSecond / 10;
            for (at++; at < text.Length && IsDigit(text[at]); at++)
            {
                time += (text[at] - '0') * unit;
                unit /= 10;
            }
        }

        return true;
    }

    // Z, +01:00, +0100, +01, or after a blank also UTC, GMT, CET…
    private long WithZone(long local, ReadOnlySpan<byte> text, ref int at)
    {
        if (at >= text.Length)
        {
            return ToUtc(local);
        }

        if (text[at] is (byte)'Z' or (byte)'z')
        {
            at++;
            return local;
        }

        var blank = text[at] == (byte)' ' ? 1 : 0;
        var zoneText = text[(at + blank)..];
        if (zoneText.Length >= 3 && zoneText[0] is (byte)'+' or (byte)'-' && Two(zoneText[1..]) is >= 0 and <= 14 and var hours)
        {
            var rest = zoneText[3..];
            var colon = rest.Length > 0 && rest[0] == (byte)':' ? 1 : 0;
            var minutes = rest.Length >= colon + 2 ? Two(rest[colon..]) : -1;

            // After a blank, a hyphen and two digits may be anything; only the whole form is a zone.
            if (minutes is >= 0 and < 60 || blank == 0)
            {
                at += blank + 3 + (minutes is >= 0 and < 60 ? colon + 2 : 0);
                var offset = ((hours * 60L) + Math.Max(minutes, 0)) * TimeSpan.TicksPerMinute;
                return zoneText[0] == (byte)'+' ? local - offset : local + offset;
            }
        }

        if (blank == 1 && ZoneName(zoneText, out var length) is { } named)
        {
            at += 1 + length;
            return local - named;
        }

        return ToUtc(local);
    }

    private static long? ZoneName(ReadOnlySpan<byte> text, out int length)
    {
        length = text.IndexOfAnyExceptInRange((byte)'A', (byte)'Z');
        length = length < 0 ? text.Length : length;
        if (length is < 3 or > 4 || (length < text.Length && char.IsAsciiLetterOrDigit((char)text[length])))
        {
            return null;
        }

        var name = text[..length];
        int? hours = name.SequenceEqual("UTC"u8) || name.SequenceEqual("GMT"u8) || name.SequenceEqual("WET"u8) ? 0
            : name.SequenceEqual("CET"u8) || name.SequenceEqual("BST"u8) || name.SequenceEqual("WEST"u8) ? 1
            : name.SequenceEqual("CEST"u8) || name.SequenceEqual("EET"u8) ? 2
            : name.SequenceEqual("EEST"u8) || name.SequenceEqual("MSK"u8) ? 3
            : name.SequenceEqual("JST"u8) || name.SequenceEqual("KST"u8) ? 9
            : name.SequenceEqual("EDT"u8) ? -4
            : name.SequenceEqual("EST"u8) || name.SequenceEqual("CDT"u8) ? -5
            : name.SequenceEqual("CST"u8) || name.SequenceEqual("MDT"u8) ? -6
            : name.SequenceEqual("MST"u8) || name.SequenceEqual("PDT"u8) ? -7
            : name.SequenceEqual("PST"u8) ? -8
            : null;
        return hours * TimeSpan.TicksPerHour;
    }

    private static bool IsDigit(byte letter) => letter is >= (byte)'0' and <= (byte)'9';

    private static int Digit(byte letter) => IsDigit(letter) ? letter - '0' : -1;

    private static int Two(ReadOnlySpan<byte> text) => text.Length >= 2 && IsDigit(text[0]) && IsDigit(text[1]) ? ((text[0] - '0') * 10) + text[1] - '0' : -1000;

    private static int Year(ReadOnlySpan<byte> text) => Two(text) is 19 or 20 or 21 && text.Length >= 4 && Two(text[2..]) >= 0 ? (Two(text) * 100) + Two(text[2..]) : -1;

    private static int Month(ReadOnlySpan<byte> text)
    {
        if (text.Length < 3)
        {
            return 0;
        }

        var index = "JanFebMarAprMayJunJulAugSepOctNovDec"u8.IndexOf(text[..3]);
        return index >= 0 && index % 3 == 0 ? (index / 3) + 1 : 0;
    }

    private static bool IsWeekday(ReadOnlySpan<byte> text)
    {
        var index = "MonTueWedThuFriSatSun"u8.IndexOf(text[..3]);
        return index >= 0 && index % 3 == 0;
    }
}
