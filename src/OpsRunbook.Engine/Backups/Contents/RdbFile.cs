using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace OpsRunbook.Engine.Backups;

/// <summary>Reads an RDB file of Redis to its end and looks at the checksum there.</summary>
internal static class RdbFile
{
    private const int HeadBytes = 9;
    private const int SumBytes = 8;
    private const int FirstWithChecksum = 5;
    private const byte EndOfFile = 0xFF;

    /// <summary>The first bytes of every file.</summary>
    public static ReadOnlySpan<byte> Magic => "REDIS"u8;

    /// <summary>Reads a whole file.</summary>
    /// <param name="stream">The file.</param>
    /// <param name="name">What it is called in messages.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>False when the server wrote no checksum (<c>rdbchecksum no</c>), so that only its end could be looked at.</returns>
    /// <exception cref="OpsException"><c>Backup.Damaged</c>, <c>Backup.Incomplete</c>.</exception>
    public static async Task<bool> CheckAsync(Stream stream, string name, CancellationToken cancellationToken)
    {
        var reader = new ByteReader(stream, name);
        var head = new byte[HeadBytes];
        await reader.ReadAsync(head, cancellationToken);
        if (!head.AsSpan().StartsWith(Magic) || !int.TryParse(Encoding.ASCII.GetString(head, Magic.Length, 4), NumberStyles.None, CultureInfo.InvariantCulture, out var version))
        {
            throw DumpErrors.Damaged(name, "it does not begin as an RDB file of Redis.");
        }

        var (sum, last, buffer) = (new Crc64(), new byte[SumBytes + 1], new byte[64 * 1024]);
        var held = 0;
        sum.Append(head);
        while (!await reader.IsAtEndAsync(cancellationToken))
        {
            // The last bytes are the checksum, which does not count itself.
            var count = held + await reader.ReadSomeAsync(buffer.AsMemory(held), cancellationToken);
            held = Math.Min(SumBytes, count);
            sum.Append(buffer.AsSpan(0, count - held));
            if (count > SumBytes)
            {
                last[0] = buffer[count - held - 1];
            }

            buffer.AsSpan(count - held, held).CopyTo(buffer);
        }

        buffer.AsSpan(0, held).CopyTo(last.AsSpan(1));
        if (version < FirstWithChecksum)
        {
            return last[held] == EndOfFile ? false : throw DumpErrors.Incomplete(name, "the mark at its end is missing.");
        }

        var wanted = BinaryPrimitives.ReadUInt64LittleEndian(last.AsSpan(1));
        if (held < SumBytes || last[0] != EndOfFile)
        {
            throw DumpErrors.Incomplete(name, "the mark at its end is missing.");
        }

        return wanted == 0 ? false : wanted == sum.Value ? true : throw DumpErrors.Damaged(name, "it does not have its checksum.");
    }
}
