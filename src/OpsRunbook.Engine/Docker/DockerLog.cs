using System.Buffers.Binary;
using System.Text;

namespace OpsRunbook.Engine.Docker;

/// <summary>Reads what the engine's log endpoint answers.</summary>
internal static class DockerLog
{
    private const int HeaderLength = 8;

    /// <summary>
    /// The lines of a log. Of a container without a terminal each piece has a header of eight bytes: the
    /// stream, three zeros, and the length; of one with a terminal it is plain text.
    /// </summary>
    /// <param name="raw">The answer.</param>
    /// <returns>The lines without their ends.</returns>
    public static IReadOnlyList<string> Lines(ReadOnlySpan<byte> raw)
    {
        var text = new List<byte>(raw.Length);
        var rest = raw;
        while (rest.Length >= HeaderLength && rest[0] <= 2 && rest[1] == 0 && rest[2] == 0 && rest[3] == 0)
        {
            var length = (int)Math.Min(BinaryPrimitives.ReadUInt32BigEndian(rest[4..HeaderLength]), (uint)(rest.Length - HeaderLength));
            text.AddRange(rest.Slice(HeaderLength, length));
            rest = rest[(HeaderLength + length)..];
        }

        text.AddRange(rest);
        return Encoding.UTF8.GetString([.. text]).TrimEnd('\n').Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.TrimEnd('\r')).ToList();
    }
}
