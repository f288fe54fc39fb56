using System.Globalization;
using System.Text;
using OpsRunbook.Engine.Logs.Files;
using OpsRunbook.Engine.Logs.Scanning;

namespace OpsRunbook.Engine.Logs.Measuring;

/// <summary>Counts the records of logs by pattern, level, field or minute.</summary>
/// <param name="request">What is to be counted.</param>
/// <param name="output">Takes progress and failures.</param>
internal sealed class ServiceLogMeasurer(MeasureRequest request, IOperationOutput output)
{
    private const int Bars = 16;

    /// <summary>Counts the records of files.</summary>
    /// <param name="files">The files.</param>
    /// <param name="query">Which records.</param>
    /// <param name="cancellationToken">Ends the scan.</param>
    /// <returns>The counts.</returns>
    public KeyTable<MeasureEntry> Count(IReadOnlyList<LogFile> files, LogQuery query, CancellationToken cancellationToken)
    {
        var tables = ParallelScan.Run(
            files,
            query,
            file => new RecordMatcher(query, file.Format),
            MeasureEntry.Table,
            (file, matcher, table) => new MeasureVisitor(file, matcher, request, table),
            output,
            cancellationToken);
        foreach (var table in tables.Skip(1))
        {
            tables[0].Add(table, (mine, other) => mine.Add(other));
        }

        return tables[0];
    }

    /// <summary>Counts one finished record.</summary>
    /// <param name="record">The record.</param>
    /// <param name="table">Takes the count.</param>
    public void Count(LogRecord record, KeyTable<MeasureEntry> table)
    {
        var ticks = record.Time?.Ticks ?? 0;
        var key = new byte[(PatternFolder.Longest * 2) + 1];
        var length = 1;
        switch (request.By)
        {
            case LogMeasureBy.Level:
                key[0] = (byte)record.Level;
                break;
            case LogMeasureBy.Pattern:
                key[0] = (byte)record.Level;
                length = 1 + PatternFolder.Fold(Encoding.UTF8.GetBytes(record.Message), key.AsSpan(1));
                break;
            default:
                var text = request.By == LogMeasureBy.Minute ? (ticks / TimeSpan.TicksPerMinute).ToString(CultureInfo.InvariantCulture) : MeasureVisitor.FieldText(record, request.Field ?? string.Empty);
                length = MeasureVisitor.KeyText(text, key);
                break;
        }

        var entry = table.Get(key.AsSpan(0, length), out var isNew);
        entry.Example = isNew || (ticks > 0 && ticks < entry.First) ? record.Message.Split('\n')[0] : entry.Example;
        entry.Add(ticks, record.Level);
    }

    /// <summary>What was counted, the most frequent first; minutes in their order.</summary>
    /// <param name="counts">The counts.</param>
    /// <param name="before">Those of the period before; null for none.</param>
    /// <param name="scale">Length of the period divided by that of the period before.</param>
    /// <returns>The measurements.</returns>
    public IEnumerable<LogMeasurement> Results(KeyTable<MeasureEntry> counts, KeyTable<MeasureEntry>? before, double scale)
    {
        var entries = counts.All.ToList();
        var total = entries.Sum(entry => entry.Count);
        var timed = entries.Where(entry => entry.First > 0).ToList();
        var (from, to) = timed.Count == 0 ? (0, 0) : (timed.Min(entry => entry.First), timed.Max(entry => entry.Last) + 1);
        var results = entries.ConvertAll(entry => new Result(entry, Find(before, entry.Key)?.Count ?? 0));
        if (before is not null)
        {
            results.AddRange(before.Entries.Where(entry => Find(counts, entry.Key) is null).Select(entry => new Result(new MeasureEntry(entry.Key) { Level = entry.Level, Example = entry.Example }, entry.Count)));
        }

        var ordered = request.By == LogMeasureBy.Minute
            ? results.OrderBy(result => result.Entry.First)
            : results.OrderByDescending(result => result.Entry.Count).ThenByDescending(result => result.Before).ThenBy(result => Value(result.Entry.Key), StringComparer.Ordinal);
        return ordered.Take(request.Top ?? int.MaxValue).Select(result => new LogMeasurement
        {
            Change = before is null ? null : Change(result.Entry.Count, result.Before * scale),
            Count = result.Entry.Count,
            Share = total == 0 ? 0 : Math.Round(100.0 * result.Entry.Count / total, 2),
            Level = result.Entry.Level,
            Value = result.Entry == counts.Others ? "(others)" : Value(result.Entry.Key),
            FirstSeen = Moment(result.Entry.First),
            LastSeen = Moment(result.Entry.Last),
            Trend = result.Entry.First == 0 ? string.Empty : result.Entry.Rate.Sparkline(from, to, Bars),
            Example = result.Entry.Example,
            BaselineCount = before is null ? null : result.Before,
        });
    }

    /// <param name="Entry">What was counted.</param>
    /// <param name="Before">How often in the period before; 0 when there is none.</param>
    private sealed record Result(MeasureEntry Entry, long Before);

    private static MeasureEntry? Find(KeyTable<MeasureEntry>? table, byte[] key) => table?.Find(key);

    private static DateTime? Moment(long ticks) => ticks == 0 ? null : new DateTime(ticks, DateTimeKind.Utc);

    private static LogChange Change(long count, double expected) => expected <= 0 ? LogChange.New
        : count == 0 ? LogChange.Gone
        : count >= expected * 2 ? LogChange.Risen
        : count * 2 <= expected ? LogChange.Fallen
        : LogChange.Same;

    private string Value(byte[] key) => request.By switch
    {
        LogMeasureBy.Level => ((LogLevel)key[0]).ToString(),
        LogMeasureBy.Minute => MinuteText(key),
        LogMeasureBy.Field => Encoding.UTF8.GetString(key),
        _ => Encoding.UTF8.GetString(key.AsSpan(1)),
    };

    private static string MinuteText(byte[] key) =>
        long.TryParse(Encoding.ASCII.GetString(key), NumberStyles.None, CultureInfo.InvariantCulture, out var minute) && minute > 0
            ? new DateTime(minute * TimeSpan.TicksPerMinute, DateTimeKind.Utc).ToString("yyyy-MM-dd HH:mm'Z'", CultureInfo.InvariantCulture)
            : "(no time)";
}
