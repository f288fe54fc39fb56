using System.Buffers.Binary;

namespace OpsRunbook.Engine.Logs.Formats;

/// <summary>The usual time, <c>2026-01-23T10:30:00</c> or with a blank, recognised in one step because it is looked for at every line.</summary>
internal static class IsoTime
{
    /// <summary>Bytes up to the minute.</summary>
    public const int MinuteLength = 16;

    private const int Length = 19;

    // "0000-00-" and "00T00:00", the first byte lowest: exclusive or leaves 0 to 9 of a digit and more of everything else, and 0 of a separator.
    private const ulong DatePattern = 0x2D_30_30_2D_30_30_30_30;
    private const ulong TimePattern = 0x30_30_3A_30_30_54_30_30;

    // What is to be added to a byte that is too large for its place, so that its highest bit is set.
    private const ulong DateRoom = 0x7F_76_76_7F_76_76_76_76;
    private const ulong TimeRoom = 0x76_76_7F_76_76_00_76_76;
    private const ulong HighestBits = 0x80_80_80_80_80_80_80_80;

    /// <summary>A text begins with digits and separators at the places of such a time. What moment it is, and whether there is one, is not looked at.</summary>
    /// <param name="text">The text.</param>
    /// <returns>True when it does.</returns>
    public static bool HasShape(ReadOnlySpan<byte> text)
    {
        if (text.Length < Length || text[10] is not ((byte)'T' or (byte)' ') || text[16] != (byte)':')
        {
            return false;
        }

        // No vectors: what has them is not compiled before the program runs, or calls for each of them.
        var (date, time) = Minute(text);
        return (TooMuch(date ^ DatePattern, DateRoom) | TooMuch(time ^ TimePattern, TimeRoom)) == 0
            && text[17] - '0' is >= 0 and <= 9 && text[18] - '0' is >= 0 and <= 9;
    }

    /// <summary>The bytes up to the minute, to compare them.</summary>
    /// <param name="text">A text of this shape.</param>
    /// <returns>The bytes.</returns>
    public static (ulong, ulong) Minute(ReadOnlySpan<byte> text) =>
        (BinaryPrimitives.ReadUInt64LittleEndian(text), BinaryPrimitives.ReadUInt64LittleEndian(text[8..MinuteLength]));

    private static ulong TooMuch(ulong difference, ulong room) => (((difference & ~HighestBits) + room) | difference) & HighestBits;
}
