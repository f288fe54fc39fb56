using OpsRunbook.Engine.Logs.Formats;
using OpsRunbook.Engine.Logs.Scanning;

namespace OpsRunbook.Engine.Logs.Files;

/// <summary>
/// Finds the part of a file that can hold records of a time range, by a binary search over its bytes. A file whose clock went
/// back by more than a minute is not in order and is read as a whole; within that minute nothing is missed.
/// </summary>
internal static class TimeRange
{
    private const int Probes = 32;
    private const int Window = 64 * 1024;

    // Holds a few records of the usual length, and saves most of the reading.
    private const int FirstLook = 4 * 1024;

    // Reading a small file is quicker than looking around in it.
    private const long WorthSearching = 4 * 1024 * 1024;
    private static readonly long Slack = TimeSpan.FromMinutes(1).Ticks;

    /// <summary>The part to read.</summary>
    /// <param name="file">The file.</param>
    /// <param name="query">The time range.</param>
    /// <returns>Its first byte and the one behind its last.</returns>
    public static (long Start, long End) Find(LogFile file, LogQuery query)
    {
        if (!file.IsSplittable || file.Length < WorthSearching || (query.Since is null && query.Until is null) || !IsInOrder(file))
        {
            return (0, file.Length);
        }

        var start = query.Since is { } since ? Search(file, since.Ticks - Slack, unknownIsBefore: false).Low : 0;
        var end = query.Until is { } until ? Search(file, until.Ticks + Slack, unknownIsBefore: true).High : file.Length;
        return (start, Math.Max(start, end));
    }

    private static bool IsInOrder(LogFile file)
    {
        var clock = file.Clock();
        var latest = 0L;
        for (var probe = 0; probe <= Probes; probe++)
        {
            var time = TimeAt(file, probe == Probes ? Math.Max(0, file.Length - Window) : file.Length / Probes * probe, clock);
            if (time is null || time < latest - Slack)
            {
                return false;
            }

            latest = Math.Max(latest, time.Value);
        }

        return true;
    }

    // Two places close together: before the lower all is older, from the higher on nothing is.
    private static (long Low, long High) Search(LogFile file, long ticks, bool unknownIsBefore)
    {
        var clock = file.Clock();
        var (low, high) = (0L, file.Length);
        while (high - low > Window)
        {
            var middle = low + ((high - low) / 2);
            if (TimeAt(file, middle, clock) is { } time ? time < ticks : unknownIsBefore)
            {
                low = middle;
            }
            else
            {
                high = middle;
            }
        }

        return (low, high);
    }

    // The time of the first record that has one, behind the first line end after a place.
    private static long? TimeAt(LogFile file, long position, LogClock clock) =>
        TimeWithin(file, position, FirstLook, clock) ?? TimeWithin(file, position, Window, clock);

    private static long? TimeWithin(LogFile file, long position, int window, LogClock clock)
    {
        var bytes = new byte[window];
        var length = 0;
        while (length < bytes.Length && file.Reader.Read(bytes.AsSpan(length), position + length) is > 0 and var read)
        {
            length += read;
        }

        // A record that is cut off has but a part of its time.
        var finder = new Finder(file.Format, clock, position + length < file.Length ? length : long.MaxValue);
        new RecordScanner(file.Format, null, window).Scan(new MemoryBytes(bytes, length), position == 0 ? 0 : 1, length, finder, CancellationToken.None);
        return finder.Time;
    }

    private sealed class Finder(LogFormat format, LogClock clock, long end) : IRecordVisitor
    {
        public long? Time { get; private set; }

        public bool CountsLines => false;

        public void Visit(ReadOnlySpan<byte> record, long offset, long line, bool isCut)
        {
            if (Time is null && offset + record.Length < end && format.TryReadHead(record, clock, out var head) && head.Time > 0)
            {
                Time = head.Time;
            }
        }
    }
}
