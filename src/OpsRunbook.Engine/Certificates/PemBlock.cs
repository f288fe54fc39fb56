using System.Buffers;
using System.Buffers.Text;

namespace OpsRunbook.Engine.Certificates;

/// <summary>A block of a PEM file.</summary>
/// <param name="Label">What it says it is: <c>CERTIFICATE</c>.</param>
/// <param name="Whole">The block with both of its lines; to its last byte when the end is missing.</param>
/// <param name="Data">What is encoded; null when it is cut off or is no Base64.</param>
internal sealed record PemBlock(string Label, ReadOnlyMemory<byte> Whole, byte[]? Data)
{
    private const int LongestLabel = 64;

    /// <summary>The blocks of a file. Comments, a byte order mark, any line ends and what stands between and after are passed over.</summary>
    /// <param name="content">The file.</param>
    /// <returns>The blocks in order.</returns>
    public static List<PemBlock> ReadAll(ReadOnlyMemory<byte> content)
    {
        var blocks = new List<PemBlock>();
        var at = 0;
        while (content.Span[at..].IndexOf("-----BEGIN "u8) is >= 0 and var offset)
        {
            var begin = at + offset;
            var rest = content.Span[begin..];
            var name = rest["-----BEGIN "u8.Length..];
            var dashes = name[..Math.Min(name.Length, LongestLabel)].IndexOf("-----"u8);
            if (dashes < 0)
            {
                at = begin + 1;
                continue;
            }

            var label = System.Text.Encoding.ASCII.GetString(name[..dashes]);
            var body = rest[("-----BEGIN "u8.Length + dashes + "-----"u8.Length)..];

            // Another beginning before the end: this one was cut off, and the next one is read by itself.
            var end = body.IndexOf("-----END "u8);
            var next = body.IndexOf("-----BEGIN "u8);
            if (end < 0 || (next >= 0 && next < end))
            {
                var length = rest.Length - body.Length + (next >= 0 ? next : body.Length);
                blocks.Add(new PemBlock(label, content.Slice(begin, length), null));
                at = begin + length;
                continue;
            }

            var closing = body[end..];
            var whole = rest.Length - body.Length + end + Math.Min(closing.Length, "-----END "u8.Length + label.Length + "-----"u8.Length);
            blocks.Add(new PemBlock(label, content.Slice(begin, whole), Decode(body[..end])));
            at = begin + whole;
        }

        return blocks;
    }

    private static byte[]? Decode(ReadOnlySpan<byte> text)
    {
        var bytes = new byte[Base64.GetMaxDecodedFromUtf8Length(text.Length)];
        return Base64.DecodeFromUtf8(text, bytes, out _, out var count) == OperationStatus.Done && count > 0 ? bytes[..count] : null;
    }
}
