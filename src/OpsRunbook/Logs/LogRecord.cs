namespace OpsRunbook;

/// <summary>
/// One event of a log, whatever wrote it: a line, or a line with its stack trace. All text is as the
/// source has it, which may include control characters; show it through <see cref="Display.Text"/>.
/// </summary>
public sealed class LogRecord
{
    /// <summary>When it was written, UTC; null when the format has no time. A time without a zone is taken as this machine's local time.</summary>
    public DateTime? Time { get; init; }

    /// <summary>How grave it is; <see cref="LogLevel.Unknown"/> when it does not say.</summary>
    public LogLevel Level { get; init; }

    /// <summary>Member of the stack, unit, application or program that wrote it; of a file that says nothing, the file's name.</summary>
    public string Service { get; init; } = string.Empty;

    /// <summary>Host that it was written on, as the record or the stack names it; <c>local</c> for this machine.</summary>
    public string Host { get; init; } = "local";

    /// <summary>The message with its stack trace, lines separated by LF.</summary>
    public required string Message { get; init; }

    /// <summary>
    /// What else the record says, by the names the format has for it. Values are <see cref="string"/>, <see cref="long"/>,
    /// <see cref="double"/>, <see cref="bool"/> or null; a nested object is its JSON text.
    /// </summary>
    public IReadOnlyDictionary<string, object?> Fields { get; init; } = NoFields;

    /// <summary>File, or another name of the source such as <c>journal:nginx.service</c>.</summary>
    public string SourceFile { get; init; } = string.Empty;

    /// <summary>Line of the file where the record begins, from 1; null when the source has no lines, or when the file was entered in its middle and lines were not counted.</summary>
    public long? SourceLine { get; internal set; }

    /// <summary>Byte of the (unpacked) file where the record begins; null when the source is no file.</summary>
    public long? SourceOffset { get; init; }

    /// <summary>The record was longer than is kept, and its end is missing.</summary>
    public bool Truncated { get; init; }

    /// <summary>It was not asked for itself: it stands before or after one that was (<c>-Context</c>).</summary>
    public bool IsContext { get; init; }

    internal static IReadOnlyDictionary<string, object?> NoFields { get; } = new Dictionary<string, object?>(StringComparer.Ordinal);

    /// <inheritdoc/>
    public override string ToString() => Time is { } time ? $"{Display.Moment(time)} {Level} {Service}: {Message}" : $"{Level} {Service}: {Message}";
}
