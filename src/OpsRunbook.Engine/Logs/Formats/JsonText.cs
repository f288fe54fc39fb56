using System.Buffers;
using System.Globalization;
using System.Text;

namespace OpsRunbook.Engine.Logs.Formats;

/// <summary>The inside of JSON strings.</summary>
internal static class JsonText
{
    /// <summary>The text that an escaped string stands for. What is no valid escape stays as it is.</summary>
    /// <param name="text">Bytes between the quotes.</param>
    /// <returns>The text.</returns>
    public static string Unescape(ReadOnlySpan<byte> text)
    {
        if (!text.Contains((byte)'\\'))
        {
            return Encoding.UTF8.GetString(text);
        }

        // No escape is longer than what it stands for.
        var bytes = ArrayPool<byte>.Shared.Rent(text.Length);
        var result = Encoding.UTF8.GetString(bytes, 0, Unescape(text, bytes));
        ArrayPool<byte>.Shared.Return(bytes);
        return result;
    }

    /// <summary>The same in UTF-8.</summary>
    /// <param name="text">Bytes between the quotes.</param>
    /// <param name="result">At least as long.</param>
    /// <returns>How many bytes were written.</returns>
    public static int Unescape(ReadOnlySpan<byte> text, Span<byte> result)
    {
        var written = 0;
        while (true)
        {
            var plain = text.IndexOf((byte)'\\');
            if (plain < 0 || plain + 1 >= text.Length)
            {
                text.CopyTo(result[written..]);
                return written + text.Length;
            }

            text[..plain].CopyTo(result[written..]);
            written += plain;
            text = text[plain..];
            var simple = Simple(text[1]);
            if (simple != 0)
            {
                result[written++] = simple;
                text = text[2..];
            }
            else if (text[1] == (byte)'u' && CodeUnit(text) is { } unit)
            {
                var length = 6;
                var rune = Rune.ReplacementChar;
                if (!Rune.TryCreate((char)unit, out var whole))
                {
                    if (CodeUnit(text[6..]) is { } low && Rune.TryCreate((char)unit, (char)low, out var pair))
                    {
                        (rune, length) = (pair, 12);
                    }
                }
                else
                {
                    rune = whole;
                }

                written += rune.EncodeToUtf8(result[written..]);
                text = text[length..];
            }
            else
            {
                result[written++] = (byte)'\\';
                text = text[1..];
            }
        }
    }

    private static byte Simple(byte letter) => letter switch
    {
        (byte)'"' or (byte)'\\' or (byte)'/' => letter,
        (byte)'n' => (byte)'\n',
        (byte)'r' => (byte)'\r',
        (byte)'t' => (byte)'\t',
        (byte)'b' => (byte)'\b',
        (byte)'f' => (byte)'\f',
        _ => 0,
    };

    private static int? CodeUnit(ReadOnlySpan<byte> text)
    {
        if (text.Length < 6 || text[0] != (byte)'\\' || text[1] != (byte)'u')
        {
            return null;
        }

        Span<char> digits = stackalloc char[4];
        for (var i = 0; i < 4; i++)
        {
            digits[i] = (char)text[2 + i];
        }

        return int.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var unit) ? unit : null;
    }
}
