using System.Text.RegularExpressions;
using OpsRunbook.Engine.Logs.Formats;
using OpsRunbook.Engine.Logs.Scanning;
using OpsRunbook.Engine.Logs.Sources;

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
    private readonly RecordOrigin _origin = new(file.Name, file.Host, file.Service, file.DefaultService);

    /// <inheritdoc/>
    public bool CountsLines { get; init; } = true;

    /// <summary>Place of the scanned bytes in the file.</summary>
    public long Origin { get; init; }

    /// <summary>The name of a log file without what rotation and pm2 add to it. What is named for its content only, as <c>nginx/error.log</c> is, has that of its folder.</summary>
    /// <param name="path">The file.</param>
    /// <returns>A name for the service.</returns>
    public static string ServiceOf(string path)
    {
        var file = Path.GetFileName(path);
        var name = Ends().Replace(file, string.Empty) is { Length: > 0 } found ? found : file;
        return name is "access" or "error" && Path.GetFileName(Path.GetDirectoryName(path)) is { Length: > 0 } folder && folder is not ("log" or "logs") ? folder : name;
    }

    /// <inheritdoc/>
    public void Visit(ReadOnlySpan<byte> record, long offset, long line, bool isCut)
    {
        var head = format.ReadHead(record, clock, out var isForeign);
        var wanted = matcher.Accepts(record, head, isFound);
        if (!wanted && !(keepsAll && matcher.IsInRange(head)))
        {
            return;
        }

        take(Make(_origin, isForeign ? null : format, record, head, CountsLines ? line : null, Origin + offset, isCut), wanted);
    }

    /// <summary>Makes a record.</summary>
    /// <param name="origin">Where it comes from.</param>
    /// <param name="format">Format to read its fields by; null when it has none.</param>
    /// <param name="record">Its bytes.</param>
    /// <param name="head">What has been read of it.</param>
    /// <param name="line">Its line in the source; null when that is not known.</param>
    /// <param name="offset">Its first byte in the source; null when that is not known.</param>
    /// <param name="isCut">Its end is missing.</param>
    /// <param name="more">Fields besides those of the record, which they cannot replace; null for none.</param>
    /// <returns>The record.</returns>
    public static LogRecord Make(
        RecordOrigin origin, LogFormat? format, ReadOnlySpan<byte> record, in LogHead head, long? line, long? offset, bool isCut, IReadOnlyDictionary<string, object?>? more = null)
    {
        var fields = new LogFields();
        foreach (var (name, value) in more ?? LogRecord.NoFields)
        {
            fields.Add(name, value);
        }

        format?.ReadFields(record, head, fields);
        var message = fields.Message ?? LogFormat.MessageText(record, head);
        return new LogRecord
        {
            Time = head.Time == 0 ? null : new DateTime(head.Time, DateTimeKind.Utc),
            Level = head.Level,
            Service = origin.Service ?? fields.Service ?? origin.DefaultService,
            Host = fields.Host ?? origin.Host,
            Message = isCut ? message + " …[cut]" : message,
            Fields = fields.Values ?? LogRecord.NoFields,
            SourceFile = origin.Name,
            SourceLine = line,
            SourceOffset = offset,
            Truncated = isCut,
        };
    }

    [GeneratedRegex(@"(?:[-_.](?:err|error|errors|out|stdout|stderr|access))?(?:\.(?:log|txt|err|out|json|jsonl|ndjson|csv))?(?:[-.][0-9]{1,8}(?:-[0-9]+)?)?(?:\.(?:log|gz|old))*$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Ends();
}
