using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace OpsRunbook.Engine.Logs.Sources;

/// <summary>
/// Reads the engine's log of one container message by message. Without a terminal each message has a header of eight bytes:
/// the stream, three zeros, and the length (big-endian). With one it is plain text. Before each message stands the engine's time.
/// </summary>
/// <param name="stream">The answer of the engine. The caller disposes it.</param>
/// <param name="isTerminal">The container has a terminal.</param>
internal sealed class ContainerLog(Stream stream, bool isTerminal)
{
    private const int HeaderLength = 8;
    private const int LongestTime = 27;

    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(400);

    private readonly byte[] _buffer = new byte[64 * 1024];
    private readonly List<byte> _rest = [];
    private readonly Dictionary<byte, (List<byte> Text, string Time)> _parts = [];
    private Task<int>? _read;

    /// <summary>The next lines of the container.</summary>
    /// <param name="saysQuiet">Returns an empty list when nothing has come for a while.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The lines; null at the end of the log.</returns>
    public async ValueTask<List<ContainerLine>?> ReadAsync(bool saysQuiet, CancellationToken cancellationToken)
    {
        while (true)
        {
            _read ??= stream.ReadAsync(_buffer, cancellationToken).AsTask();
            if (saysQuiet && !_read.IsCompleted && await Task.WhenAny(_read, Task.Delay(Quiet, cancellationToken)) != _read)
            {
                cancellationToken.ThrowIfCancellationRequested();
                return [];
            }

            int count;
            try
            {
                count = await _read;
            }
            catch (IOException)
            {
                // The engine was stopped, or cut the connection: what came until then is whole lines.
                count = 0;
            }

            _read = null;
            var lines = new List<ContainerLine>();
            if (count == 0)
            {
                foreach (var kind in _parts.Keys.ToList())
                {
                    Finish(kind, lines);
                }

                return lines.Count > 0 ? lines : null;
            }

            _rest.AddRange(_buffer.AsSpan(0, count));
            Split(lines);
            if (lines.Count > 0)
            {
                return lines;
            }
        }
    }

    private void Split(List<ContainerLine> lines)
    {
        var bytes = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_rest);
        var at = 0;
        while (at < bytes.Length)
        {
            var rest = bytes[at..];
            if (isTerminal)
            {
                var end = rest.IndexOf((byte)'\n');
                if (end < 0 && rest.Length < LineReader.LongestLine)
                {
                    break;
                }

                end = end < 0 ? rest.Length - 1 : end;
                Take(1, rest[..(end + 1)], lines);
                at += end + 1;
                continue;
            }

            if (rest.Length < HeaderLength || rest.Length - HeaderLength < BinaryPrimitives.ReadUInt32BigEndian(rest[4..HeaderLength]))
            {
                break;
            }

            var length = (int)BinaryPrimitives.ReadUInt32BigEndian(rest[4..HeaderLength]);
            Take(rest[0], rest.Slice(HeaderLength, length), lines);
            at += HeaderLength + length;
        }

        _rest.RemoveRange(0, at);
    }

    // The engine cuts a line every 16 KiB; each piece has a time of its own, and only the last one a line end.
    private void Take(byte kind, ReadOnlySpan<byte> message, List<ContainerLine> lines)
    {
        var blank = message.IndexOf((byte)' ');
        var time = Encoding.ASCII.GetString(message[..Math.Max(0, blank)]);
        var text = message[(blank + 1)..];
        var isWhole = text.EndsWith("\n"u8);
        if (!_parts.TryGetValue(kind, out var part))
        {
            part = ([], time);
            _parts[kind] = part;
        }

        text = text.TrimEnd("\r\n"u8);
        part.Text.AddRange(text[..Math.Min(text.Length, Math.Max(0, LineReader.LongestLine - part.Text.Count))]);
        if (isWhole)
        {
            Finish(kind, lines);
        }
    }

    private void Finish(byte kind, List<ContainerLine> lines)
    {
        _parts.Remove(kind, out var part);

        // Nanoseconds are cut, not rounded: a time that is asked for again must not lie behind its own line.
        var text = part.Time.Length > LongestTime ? part.Time[..LongestTime] + "Z" : part.Time;
        var time = DateTime.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal | DateTimeStyles.AssumeUniversal, out var moment) ? moment : (DateTime?)null;
        lines.Add(new ContainerLine(kind == 2, [.. part.Text], time, part.Time));
    }
}

/// <summary>A line that a container wrote.</summary>
/// <param name="IsError">It was written to standard error.</param>
/// <param name="Text">The line without its end.</param>
/// <param name="Time">When the engine took it, UTC.</param>
/// <param name="Stamp">The same time as the engine wrote it, with all its digits.</param>
internal sealed record ContainerLine(bool IsError, byte[] Text, DateTime? Time, string Stamp);
