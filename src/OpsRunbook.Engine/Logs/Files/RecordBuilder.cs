using System.Text.RegularExpressions;
using OpsRunbook.Engine.Logs.Formats;
using OpsRunbook.Engine.Logs.Scanning;

namespace OpsRunbook.Engine.Logs.Files;

/// <summary>Makes records of bytes, for one thread.</summary>
/// <param name="file">Where they come from.</param>
/// <param name="format">How they look.</param>
/// <param name="clock">Turns their times into UTC.</param>
/// <param name="matcher">Decides which are wanted.</param>
/// <param name="isFound">Only records that hold a literal of the matcher are given.</param>
/// <param name="keepsAll">Records in the time range that are not wanted are given too, for their neighbours.</param>
/// <param name="take">Takes a record, and whether it is wanted.</param>
internal sealed partial class RecordBuilder(
    LogFileSource file, LogFormat format, LogClock clock, RecordMatcher matcher, bool isFound, bool keepsAll, Action<LogRecord, bool> take) : IRecordVisitor
{
    /// <inheritdoc/>
    public bool CountsLines { get; init; } = true;

    /// <summary>Place of the scanned bytes in the file.</summary>
    public long Origin { get; init; }

    /// <summary>The name of a log file without what rotation and pm2 add to it.</summary>
    /// <param name="path">The file.</param>
    /// <returns>A name for the service.</returns>
    public static string ServiceOf(string path) => Ends().Replace(Path.GetFileName(path), string.Empty) is { Length: > 0 } name ? name : Path.GetFileName(path);

    /// <inheritdoc/>
    public void Visit(ReadOnlySpan<byte> record, long offset, long line, bool isCut)
    {
        var head = format.ReadHead(record, clock, out var isForeign);
        var wanted = matcher.Accepts(record, head, isFound);
        if (!wanted && !(keepsAll && matcher.IsInRange(head)))
        {
            return;
        }

        var fields = new LogFields();
        if (!isForeign)
        {
            format.ReadFields(record, head, fields);
        }

        var message = fields.Message ?? LogFormat.MessageText(record, head);
        take(
            new LogRecord
            {
                Time = head.Time == 0 ? null : new DateTime(head.Time, DateTimeKind.Utc),
                Level = head.Level,
                Service = file.Service ?? fields.Service ?? file.DefaultService,
                Host = fields.Host ?? file.Host,
                Message = isCut ? message + " …[cut]" : message,
                Fields = fields.Values ?? LogRecord.NoFields,
                SourceFile = file.Name,
                SourceLine = CountsLines ? line : null,
                SourceOffset = Origin + offset,
                Truncated = isCut,
            },
            wanted);
    }

    [GeneratedRegex(@"(?:[-_.](?:err|error|errors|out|stdout|stderr|access))?(?:\.(?:log|txt|err|out|json|jsonl|ndjson|csv))?(?:[-.][0-9]{1,8}(?:-[0-9]+)?)?(?:\.(?:log|gz|old))*$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Ends();
}
