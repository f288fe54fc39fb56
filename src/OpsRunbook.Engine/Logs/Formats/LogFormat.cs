using System.Text;

namespace OpsRunbook.Engine.Logs.Formats;

/// <summary>
/// How a program writes its records. A format has no state, is used by several threads at once, and never throws,
/// whatever the bytes are.
/// </summary>
internal abstract class LogFormat
{
    private const int EnoughToTell = 1024;

    /// <summary>Short name for messages.</summary>
    public abstract string Name { get; }

    /// <summary>The file can be entered at any line. Not so where a field may hold line ends, and only what was before tells.</summary>
    public virtual bool IsSplittable => true;

    /// <summary>A record begins with this line; otherwise the line belongs to the record before it.</summary>
    /// <param name="line">The line without its end.</param>
    /// <returns>True when one begins.</returns>
    public abstract bool StartsRecord(ReadOnlySpan<byte> line);

    /// <summary>A record begins with the line at a place of a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="start">Where the line begins.</param>
    /// <returns>True when one begins.</returns>
    public virtual bool StartsRecordAt(ReadOnlySpan<byte> text, int start) => StartsRecord(LineAt(text, start));

    /// <summary>Length of the first record of a text, with its line end.</summary>
    /// <param name="text">Begins with a record and ends with the end of one.</param>
    /// <returns>Its length.</returns>
    public virtual int RecordLength(ReadOnlySpan<byte> text)
    {
        for (var at = 0; ;)
        {
            var end = text[at..].IndexOf((byte)'\n');
            if (end < 0 || at + end + 1 == text.Length)
            {
                return text.Length;
            }

            at += end + 1;
            if (StartsRecordAt(text, at))
            {
                return at;
            }
        }
    }

    /// <summary>Where the last record of a text begins: all before it is whole, it itself may go on behind the text.</summary>
    /// <param name="text">Begins with a record.</param>
    /// <returns>Its place; 0 when there is but one.</returns>
    public virtual int LastRecordStart(ReadOnlySpan<byte> text)
    {
        // The last line may be cut, and a record cannot be told by half a line unless that is long.
        var end = text.LastIndexOf((byte)'\n');
        if (end >= 0 && text.Length - end > EnoughToTell && StartsRecordAt(text, end + 1))
        {
            return end + 1;
        }

        while (end > 0)
        {
            var start = text[..end].LastIndexOf((byte)'\n') + 1;
            if (start > 0 && StartsRecordAt(text, start))
            {
                return start;
            }

            end = start - 1;
        }

        return 0;
    }

    /// <summary>The line that begins somewhere, without its end and without the NULs that a crash leaves behind.</summary>
    /// <param name="text">The text.</param>
    /// <param name="start">Where the line begins.</param>
    /// <returns>The line.</returns>
    public static ReadOnlySpan<byte> LineAt(ReadOnlySpan<byte> text, int start)
    {
        var line = text[start..];
        var end = line.IndexOf((byte)'\n');
        line = end < 0 ? line : line[..end];
        return line.TrimStart((byte)0).TrimEnd((byte)'\r');
    }

    /// <summary>Reads what is needed of every record.</summary>
    /// <param name="record">The lines of the record, without the last line end.</param>
    /// <param name="clock">Turns its time into UTC.</param>
    /// <param name="head">What was read.</param>
    /// <returns>False when the record is not of this format: it is then taken as plain text.</returns>
    public abstract bool TryReadHead(ReadOnlySpan<byte> record, LogClock clock, out LogHead head);

    /// <summary>Reads the rest.</summary>
    /// <param name="record">The same bytes.</param>
    /// <param name="head">What was read before.</param>
    /// <param name="fields">Takes it.</param>
    public virtual void ReadFields(ReadOnlySpan<byte> record, in LogHead head, LogFields fields)
    {
    }

    /// <summary>A record of at least this level has one of these texts, whatever their case; null when that cannot be said.</summary>
    /// <param name="minimum">The level.</param>
    /// <returns>The texts.</returns>
    public virtual IReadOnlyList<string>? LevelLiterals(LogLevel minimum) => null;

    /// <summary>Reads a head, whatever the record is: what is not of the format is plain text.</summary>
    /// <param name="record">The record.</param>
    /// <param name="clock">Turns its time into UTC.</param>
    /// <param name="isForeign">It is not of this format, and has no fields.</param>
    /// <returns>What was read.</returns>
    public LogHead ReadHead(ReadOnlySpan<byte> record, LogClock clock, out bool isForeign)
    {
        isForeign = !TryReadHead(record, clock, out var head);
        return isForeign ? PlainFormat.Instance.ReadAny(record, clock) : head;
    }

    /// <summary>The message of a record as text.</summary>
    /// <param name="record">The record.</param>
    /// <param name="head">What was read of it.</param>
    /// <returns>The message; line ends are LF.</returns>
    public static string MessageText(ReadOnlySpan<byte> record, in LogHead head)
    {
        var message = head.Message(record);
        if (head.IsEscaped)
        {
            // Docker keeps the end of the line that it got.
            return JsonText.Unescape(message).TrimEnd('\r', '\n');
        }

        var text = Encoding.UTF8.GetString(message);
        return message.Contains((byte)'\r') ? LineEnds(text) : text;
    }

    /// <summary>The first line of a record.</summary>
    protected static ReadOnlySpan<byte> FirstLine(ReadOnlySpan<byte> record)
    {
        var end = record.IndexOf((byte)'\n');
        return (end < 0 ? record : record[..end]).TrimEnd((byte)'\r');
    }

    // Only what stands before a line end is part of it: a return elsewhere is text.
    private static string LineEnds(string text)
    {
        var lines = text.Split('\n');
        return string.Join('\n', lines.Select((line, i) => i < lines.Length - 1 ? line.TrimEnd('\r') : line));
    }
}
