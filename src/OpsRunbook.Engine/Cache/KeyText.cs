using System.Buffers;
using System.Globalization;
using System.Text;

namespace OpsRunbook.Engine.Cache;

/// <summary>Keys as bytes and as text.</summary>
internal static class KeyText
{
    /// <summary>A key as text; bytes that are no UTF-8 as <c>\xff</c>.</summary>
    /// <param name="key">The key.</param>
    /// <param name="exact">The text is the key.</param>
    /// <returns>The text.</returns>
    public static string Of(ReadOnlySpan<byte> key, out bool exact)
    {
        exact = System.Text.Unicode.Utf8.IsValid(key);
        if (exact)
        {
            return Encoding.UTF8.GetString(key);
        }

        var text = new StringBuilder();
        while (key.Length > 0)
        {
            if (Rune.DecodeFromUtf8(key, out var rune, out var used) == OperationStatus.Done)
            {
                text.Append(rune.ToString());
            }
            else
            {
                foreach (var invalid in key[..used])
                {
                    text.Append(CultureInfo.InvariantCulture, $"\\x{invalid:x2}");
                }
            }

            key = key[used..];
        }

        return text.ToString();
    }

    /// <summary>A key as text for a message, not too long.</summary>
    /// <param name="key">The key.</param>
    /// <returns>The text.</returns>
    public static string Shown(ReadOnlySpan<byte> key)
    {
        var text = Display.Text(Of(key, out _));
        return text.Length > 60 ? text[..59] + "…" : text;
    }

    /// <summary>The bytes of a key that was read as <see cref="CacheKey"/>.</summary>
    /// <param name="text">The key as text.</param>
    /// <param name="base64">Its exact bytes; null when the text is exact.</param>
    /// <returns>The bytes.</returns>
    /// <exception cref="OpsException"><c>Cache.KeyInvalid</c>.</exception>
    public static byte[] Bytes(string text, string? base64)
    {
        if (string.IsNullOrEmpty(base64))
        {
            return Encoding.UTF8.GetBytes(text);
        }

        try
        {
            return Convert.FromBase64String(base64);
        }
        catch (FormatException error)
        {
            throw new OpsException("Cache.KeyInvalid", OpsErrorKind.InvalidArgument, $"KeyBase64 of the key '{Display.Text(text)}' is not Base64.", "Give the objects of Get-CacheKey as they are.", text, error);
        }
    }
}
