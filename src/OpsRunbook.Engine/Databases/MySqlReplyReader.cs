using System.Text;

namespace OpsRunbook.Engine.Databases;

/// <summary>
/// Reads what the client prints with <c>--xml</c>, row by row. It is one document after the other, and holds
/// control characters of the data as they are, which no XML reader takes; only markup is ever escaped.
/// </summary>
/// <param name="stream">Standard output of the client.</param>
internal sealed class MySqlReplyReader(Stream stream) : IDisposable
{
    private const string FieldTag = "field name=\"";

    private readonly StreamReader _reader = new(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), detectEncodingFromByteOrderMarks: false, 64 * 1024);
    private readonly char[] _buffer = new char[32 * 1024];
    private readonly StringBuilder _text = new();
    private readonly List<string> _names = [];
    private readonly List<string?> _values = [];
    private string[] _lastNames = [];
    private int _at;
    private int _end;

    /// <summary>Reads the next row.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The row; null at the end of the output.</returns>
    public async ValueTask<MySqlRow?> ReadAsync(CancellationToken cancellationToken)
    {
        while (await ReadToAsync('<', cancellationToken))
        {
            var content = _values.Count < _names.Count ? Decode(_text.ToString()) : null;
            if (!await ReadToAsync('>', cancellationToken))
            {
                return null;
            }

            var tag = _text.ToString();
            if (tag.StartsWith(FieldTag, StringComparison.Ordinal))
            {
                _names.Add(Decode(tag[FieldTag.Length..tag.IndexOf('"', FieldTag.Length)]));
                if (tag.EndsWith('/'))
                {
                    _values.Add(null);
                }
            }
            else if (tag == "/field")
            {
                _values.Add(content ?? string.Empty);
            }
            else if (tag == "/row")
            {
                // Thousands of rows share one list of names.
                _lastNames = _names.SequenceEqual(_lastNames, StringComparer.Ordinal) ? _lastNames : [.. _names];
                var row = new MySqlRow(_lastNames, [.. _values]);
                _names.Clear();
                _values.Clear();
                return row;
            }
        }

        return null;
    }

    /// <inheritdoc/>
    public void Dispose() => _reader.Dispose();

    private static string Decode(string text) => text.Contains('&', StringComparison.Ordinal)
        ? text
            .Replace("&lt;", "<", StringComparison.Ordinal)
            .Replace("&gt;", ">", StringComparison.Ordinal)
            .Replace("&quot;", "\"", StringComparison.Ordinal)
            .Replace("&amp;", "&", StringComparison.Ordinal)
        : text;

    // Leaves what stands before the character in the text buffer.
    private async ValueTask<bool> ReadToAsync(char stop, CancellationToken cancellationToken)
    {
        _text.Clear();
        while (true)
        {
            var rest = _buffer.AsMemory(_at, _end - _at);
            var found = rest.Span.IndexOf(stop);
            if (found >= 0)
            {
                _text.Append(rest.Span[..found]);
                _at += found + 1;
                return true;
            }

            _text.Append(rest.Span);
            _at = 0;
            _end = await _reader.ReadAsync(_buffer, cancellationToken);
            if (_end == 0)
            {
                return false;
            }
        }
    }
}
