namespace OpsRunbook.Engine.Logs;

/// <summary>
/// What <see cref="MemoryExtensions"/> has too, for bytes only. Its generic methods are not compiled for bytes before the program runs, and
/// compiling them then takes longer than reading a small log. Inside this namespace these come first.
/// </summary>
internal static class ByteSpans
{
    /// <summary>Takes bytes away from both ends.</summary>
    /// <param name="text">The text.</param>
    /// <param name="bytes">The bytes.</param>
    /// <returns>The rest.</returns>
    public static ReadOnlySpan<byte> Trim(this ReadOnlySpan<byte> text, ReadOnlySpan<byte> bytes) => text.TrimStart(bytes).TrimEnd(bytes);

    /// <summary>Takes a byte away from both ends.</summary>
    /// <param name="text">The text.</param>
    /// <param name="value">The byte.</param>
    /// <returns>The rest.</returns>
    public static ReadOnlySpan<byte> Trim(this ReadOnlySpan<byte> text, byte value) => text.TrimStart(value).TrimEnd(value);

    /// <summary>Takes bytes away from the beginning.</summary>
    /// <param name="text">The text.</param>
    /// <param name="bytes">The bytes.</param>
    /// <returns>The rest.</returns>
    public static ReadOnlySpan<byte> TrimStart(this ReadOnlySpan<byte> text, ReadOnlySpan<byte> bytes)
    {
        var start = 0;
        while (start < text.Length && bytes.IndexOf(text[start]) >= 0)
        {
            start++;
        }

        return text[start..];
    }

    /// <summary>Takes a byte away from the beginning.</summary>
    /// <param name="text">The text.</param>
    /// <param name="value">The byte.</param>
    /// <returns>The rest.</returns>
    public static ReadOnlySpan<byte> TrimStart(this ReadOnlySpan<byte> text, byte value)
    {
        var start = 0;
        while (start < text.Length && text[start] == value)
        {
            start++;
        }

        return text[start..];
    }

    /// <summary>Takes bytes away from the end.</summary>
    /// <param name="text">The text.</param>
    /// <param name="bytes">The bytes.</param>
    /// <returns>The rest.</returns>
    public static ReadOnlySpan<byte> TrimEnd(this ReadOnlySpan<byte> text, ReadOnlySpan<byte> bytes)
    {
        var end = text.Length;
        while (end > 0 && bytes.IndexOf(text[end - 1]) >= 0)
        {
            end--;
        }

        return text[..end];
    }

    /// <summary>Takes a byte away from the end.</summary>
    /// <param name="text">The text.</param>
    /// <param name="value">The byte.</param>
    /// <returns>The rest.</returns>
    public static ReadOnlySpan<byte> TrimEnd(this ReadOnlySpan<byte> text, byte value)
    {
        var end = text.Length;
        while (end > 0 && text[end - 1] == value)
        {
            end--;
        }

        return text[..end];
    }

    /// <summary>A byte occurs.</summary>
    /// <param name="text">The text.</param>
    /// <param name="value">The byte.</param>
    /// <returns>True when it does.</returns>
    public static bool Contains(this ReadOnlySpan<byte> text, byte value) => text.IndexOf(value) >= 0;

    /// <summary>Where the first byte is that is not of a range.</summary>
    /// <param name="text">The text.</param>
    /// <param name="low">First byte of the range.</param>
    /// <param name="high">Last byte of the range.</param>
    /// <returns>Its position; -1 for none.</returns>
    public static int IndexOfAnyExceptInRange(this ReadOnlySpan<byte> text, byte low, byte high)
    {
        for (var at = 0; at < text.Length; at++)
        {
            if (text[at] < low || text[at] > high)
            {
                return at;
            }
        }

        return -1;
    }

    /// <summary>Where the first byte of a range is.</summary>
    /// <param name="text">The text.</param>
    /// <param name="low">First byte of the range.</param>
    /// <param name="high">Last byte of the range.</param>
    /// <returns>Its position; -1 for none.</returns>
    public static int IndexOfAnyInRange(this ReadOnlySpan<byte> text, byte low, byte high)
    {
        for (var at = 0; at < text.Length; at++)
        {
            if (text[at] >= low && text[at] <= high)
            {
                return at;
            }
        }

        return -1;
    }
}
