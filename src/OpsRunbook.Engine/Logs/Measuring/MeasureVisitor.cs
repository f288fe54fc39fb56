using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;
using OpsRunbook.Engine.Logs.Files;
using OpsRunbook.Engine.Logs.Formats;
using OpsRunbook.Engine.Logs.Scanning;

namespace OpsRunbook.Engine.Logs.Measuring;

/// <summary>Counts the records of a file that a core scans.</summary>
/// <param name="file">The file.</param>
/// <param name="matcher">Decides which are wanted.</param>
/// <param name="request">What is counted by what.</param>
/// <param name="table">Takes the counts.</param>
internal sealed class MeasureVisitor(LogFile file, RecordMatcher matcher, MeasureRequest request, KeyTable<MeasureEntry> table) : IRecordVisitor
{
    private const int LongestExample = 400;

    private readonly LogClock _clock = file.Clock();
    private readonly byte[] _key = new byte[(PatternFolder.Longest * 2) + 1];
    private readonly bool _isFound = matcher.Prefilter is not null && file.Format.IsSplittable;

    /// <inheritdoc/>
    public bool CountsLines => false;

    /// <inheritdoc/>
    public void Visit(ReadOnlySpan<byte> record, long offset, long line, bool isCut)
    {
        var head = file.Format.ReadHead(record, _clock, out var isForeign);
        if (!matcher.Accepts(record, head, _isFound))
        {
            return;
        }

        var entry = table.Get(_key.AsSpan(0, Key(record, head, isForeign)), out var isNew);
        if (isNew || (head.Time > 0 && head.Time < entry.First))
        {
            var message = LogFormat.MessageText(record, head with { MessageLength = Math.Min(head.MessageLength, LongestExample) });
            entry.Example = message.Split('\n')[0];
        }

        entry.Add(head.Time, head.Level);
    }

    private int Key(ReadOnlySpan<byte> record, in LogHead head, bool isForeign)
    {
        switch (request.By)
        {
            case LogMeasureBy.Level:
                _key[0] = (byte)head.Level;
                return 1;
            case LogMeasureBy.Minute:
                Utf8Formatter.TryFormat(head.Time / TimeSpan.TicksPerMinute, _key, out var digits);
                return digits;
            case LogMeasureBy.Field:
                return KeyText(FieldText(record, head, isForeign), _key);
            default:
                _key[0] = (byte)head.Level;
                return 1 + Fold(head.Message(record), head.IsEscaped);
        }
    }

    private int Fold(ReadOnlySpan<byte> message, bool isEscaped)
    {
        if (!isEscaped)
        {
            return PatternFolder.Fold(message, _key.AsSpan(1));
        }

        var text = ArrayPool<byte>.Shared.Rent(message.Length);
        var length = PatternFolder.Fold(text.AsSpan(0, JsonText.Unescape(message, text)), _key.AsSpan(1));
        ArrayPool<byte>.Shared.Return(text);
        return length;
    }

    private string FieldText(ReadOnlySpan<byte> record, in LogHead head, bool isForeign)
    {
        var fields = new LogFields();
        if (!isForeign)
        {
            file.Format.ReadFields(record, head, fields);
        }

        return FieldText(
            new LogRecord
            {
                Level = head.Level,
                Service = fields.Service ?? RecordBuilder.ServiceOf(file.Path),
                Host = fields.Host ?? Hosts.LocalHost.LocalName,
                Message = fields.Message ?? LogFormat.MessageText(record, head),
                Fields = fields.Values ?? LogRecord.NoFields,
            },
            request.Field ?? string.Empty);
    }

    /// <summary>The text of a field of a finished record.</summary>
    /// <param name="record">The record.</param>
    /// <param name="field">Name of the field.</param>
    /// <returns>The text; empty when it has none.</returns>
    internal static string FieldText(LogRecord record, string field) => record.Fields.TryGetValue(field, out var value)
        ? Convert.ToString(value, CultureInfo.InvariantCulture) ?? string.Empty
        : field.ToUpperInvariant() switch
        {
            "SERVICE" => record.Service,
            "HOST" => record.Host,
            "LEVEL" => record.Level.ToString(),
            "MESSAGE" => record.Message,
            _ => string.Empty,
        };

    /// <summary>Makes a key of a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="key">Takes the key.</param>
    /// <returns>Its length.</returns>
    internal static int KeyText(string text, Span<byte> key)
    {
        Encoding.UTF8.TryGetBytes(text.AsSpan(0, Math.Min(text.Length, PatternFolder.Longest / 2)), key, out var length);
        return length;
    }
}
