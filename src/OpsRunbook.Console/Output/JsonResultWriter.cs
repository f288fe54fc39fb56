using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace OpsRunbook.ConsoleRunner.Output;

/// <summary>One JSON array, whatever the number of results; or one object on each line.</summary>
/// <param name="output">Takes the text.</param>
/// <param name="lines">One object on each line, without an array around them.</param>
internal sealed class JsonResultWriter(TextWriter output, bool lines) : IResultWriter
{
    // A terminal or a mail shows "ü" and "→" rather than \u00fc; control characters stay escaped.
    private readonly JsonWriterOptions _options = new() { Indented = !lines, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private readonly ArrayBufferWriter<byte> _buffer = new();
    private bool _started;

    public void Write(object item)
    {
        _buffer.ResetWrittenCount();
        using (var json = new Utf8JsonWriter(_buffer, _options))
        {
            JsonValue.Write(json, item);
        }

        var text = Encoding.UTF8.GetString(_buffer.WrittenSpan);
        if (lines)
        {
            output.WriteLine(text);
            return;
        }

        output.Write(_started ? ",\n  " : "[\n  ");
        output.Write(text.Replace("\n", "\n  ", StringComparison.Ordinal));
        _started = true;
    }

    public void End()
    {
        if (!lines)
        {
            output.WriteLine(_started ? "\n]" : "[]");
        }
    }
}
