using System.Buffers;

namespace OpsRunbook.Engine.Logs.Formats;

/// <summary>
/// Steps through the members of one JSON object without building anything. A reader for logs: it never throws, and reads a
/// line that was cut as far as it goes.
/// </summary>
internal ref struct JsonLine
{
    private static readonly SearchValues<byte> ValueEnds = SearchValues.Create(",}] \t\r"u8);

    private static readonly SearchValues<byte> Brackets = SearchValues.Create("\"{}[]"u8);

    private ReadOnlySpan<byte> _rest;

    /// <summary>Begins with an object.</summary>
    /// <param name="text">Text whose first byte that is not blank is a brace.</param>
    public JsonLine(ReadOnlySpan<byte> text)
    {
        var start = text.IndexOf((byte)'{');
        _rest = start < 0 ? [] : text[(start + 1)..];
    }

    /// <summary>Name of the member, without quotes, escaped as it stands.</summary>
    public ReadOnlySpan<byte> Name { get; private set; }

    /// <summary>Its value: a string without quotes and escaped as it stands, otherwise the JSON text.</summary>
    public ReadOnlySpan<byte> Value { get; private set; }

    /// <summary>The value is a string.</summary>
    public bool IsString { get; private set; }

    /// <summary>What comes after the value.</summary>
    public readonly int RestLength => _rest.Length;

    /// <summary>Goes to the next member.</summary>
    /// <returns>False at the end of the object, and where it is no JSON any more.</returns>
    public bool Next()
    {
        _rest = _rest.TrimStart(" \t,\r\n"u8);
        if (_rest.IsEmpty || _rest[0] != (byte)'"' || !TryString(out var name))
        {
            return false;
        }

        Name = name;
        _rest = _rest.TrimStart(" \t\r\n"u8);
        if (_rest.IsEmpty || _rest[0] != (byte)':')
        {
            return false;
        }

        _rest = _rest[1..].TrimStart(" \t\r\n"u8);
        if (_rest.IsEmpty)
        {
            return false;
        }

        IsString = _rest[0] == (byte)'"';
        if (IsString)
        {
            var read = TryString(out var text);
            Value = text;
            return read;
        }

        var length = _rest[0] is (byte)'{' or (byte)'[' ? Nested() : _rest.IndexOfAny(ValueEnds);
        if (length <= 0)
        {
            return false;
        }

        Value = _rest[..length];
        _rest = _rest[length..];
        return true;
    }

    // A string that was cut off still counts: its end is the end of the line.
    private bool TryString(out ReadOnlySpan<byte> text)
    {
        for (var at = 1; ;)
        {
            var found = _rest[at..].IndexOfAny((byte)'"', (byte)'\\');
            if (found < 0)
            {
                text = [];
                _rest = [];
                return false;
            }

            at += found;
            if (_rest[at] == (byte)'"')
            {
                text = _rest[1..at];
                _rest = _rest[(at + 1)..];
                return true;
            }

            at += 2;
            if (at > _rest.Length)
            {
                text = [];
                _rest = [];
                return false;
            }
        }
    }

    private readonly int Nested()
    {
        var depth = 0;
        for (var at = 0; at < _rest.Length; at++)
        {
            var found = _rest[at..].IndexOfAny(Brackets);
            if (found < 0)
            {
                return 0;
            }

            at += found;
            switch (_rest[at])
            {
                case (byte)'"':
                    var inside = new JsonLine { _rest = _rest[at..] };
                    if (!inside.TryString(out _))
                    {
                        return 0;
                    }

                    at = _rest.Length - inside._rest.Length - 1;
                    break;
                case (byte)'{' or (byte)'[':
                    depth++;
                    break;
                default:
                    if (--depth == 0)
                    {
                        return at + 1;
                    }

                    break;
            }
        }

        return 0;
    }
}
