namespace OpsRunbook.Engine.Logs.Sources;

/// <summary>Reads the lines of a stream as bytes, and says when none has come for a while.</summary>
/// <param name="stream">The stream. The caller disposes it.</param>
internal sealed class LineReader(Stream stream)
{
    /// <summary>A line beyond this is cut, so that one without an end does not fill the memory.</summary>
    public const int LongestLine = 1024 * 1024;

    // A stack trace is written at once: what has not come for so long is not on its way.
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(400);

    private readonly byte[] _buffer = new byte[64 * 1024];
    private readonly List<byte> _rest = [];
    private Task<int>? _read;
    private bool _ended;

    /// <summary>The next lines, without their ends.</summary>
    /// <param name="saysQuiet">Returns an empty list when nothing has come for a while.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The lines; null at the end of the stream.</returns>
    public async ValueTask<List<byte[]>?> ReadAsync(bool saysQuiet, CancellationToken cancellationToken)
    {
        var lines = new List<byte[]>();
        while (lines.Count == 0)
        {
            if (_ended)
            {
                return null;
            }

            _read ??= stream.ReadAsync(_buffer, cancellationToken).AsTask();
            if (saysQuiet && !_read.IsCompleted && await Task.WhenAny(_read, Task.Delay(Quiet, cancellationToken)) != _read)
            {
                cancellationToken.ThrowIfCancellationRequested();
                return lines;
            }

            var count = await _read;
            _read = null;
            if (count == 0)
            {
                _ended = true;
                if (_rest.Count > 0)
                {
                    lines.Add([.. _rest]);
                    _rest.Clear();
                }

                return lines.Count > 0 ? lines : null;
            }

            Split(_buffer.AsSpan(0, count), lines);
        }

        return lines;
    }

    private void Split(ReadOnlySpan<byte> bytes, List<byte[]> lines)
    {
        while (!bytes.IsEmpty)
        {
            var end = bytes.IndexOf((byte)'\n');
            var part = end < 0 ? bytes : bytes[..end];
            _rest.AddRange(part[..Math.Min(part.Length, Math.Max(0, LongestLine - _rest.Count))]);
            if (end < 0)
            {
                return;
            }

            lines.Add([.. _rest]);
            _rest.Clear();
            bytes = bytes[(end + 1)..];
        }
    }
}
