using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace OpsRunbook.Engine.Logs.Formats;

/// <summary>The usual time, <c>2026-01-23T10:30:00</c> or with a blank, recognised in one step because it is looked for at every line.</summary>
internal static class IsoTime
{
    /// <summary>Bytes up to the minute.</summary>
    public const int MinuteLength = 16;

    private const int Length = 19;

    /// <summary>A text begins with digits and separators at the places of such a time. What moment it is, and whether there is one, is not looked at.</summary>
    /// <param name="text">The text.</param>
    /// <returns>True when it does.</returns>
    public static bool HasShape(ReadOnlySpan<byte> text)
    {
        if (text.Length < Length || text[10] is not ((byte)'T' or (byte)' ') || text[16] != (byte)':')
        {
            return false;
        }

        // Exclusive or leaves 0 to 9 of a digit and more of everything else, and 0 of a separator.
        var difference = Vector128.LoadUnsafe(ref MemoryMarshal.GetReference(text)) ^ Vector128.Create("0000-00-00T00:00"u8);
        return Vector128.LessThanOrEqualAll(difference, Vector128.Create(9, 9, 9, 9, 0, 9, 9, 0, 9, 9, byte.MaxValue, 9, 9, 0, 9, 9))
            && char.IsAsciiDigit((char)text[17]) && char.IsAsciiDigit((char)text[18]);
    }

    /// <summary>The bytes up to the minute, to compare them.</summary>
    /// <param name="text">A text of this shape.</param>
    /// <returns>The bytes.</returns>
    /// <remarks>No vector: a class that has one is not compiled before the program runs.</remarks>
    public static (ulong, ulong) Minute(ReadOnlySpan<byte> text) =>
        (BinaryPrimitives.ReadUInt64LittleEndian(text), BinaryPrimitives.ReadUInt64LittleEndian(text[8..MinuteLength]));
}
