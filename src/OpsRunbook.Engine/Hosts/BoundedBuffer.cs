using System.Buffers;

namespace OpsRunbook.Engine.Hosts;

/// <summary>Takes output up to a limit and reads past it, so that the writer never blocks on a full pipe.</summary>
internal sealed class BoundedBuffer(int maximum)
{
    private readonly List<byte> _content = [];

    /// <summary>More came than was kept.</summary>
    public bool Truncated { get; private set; }

    public byte[] ToArray()
    {
        // The reader may still be at work when a command is given up.
        lock (_content)
        {
            return _content.ToArray();
        }
    }

    public void Append(ReadOnlySpan<byte> data)
    {
        lock (_content)
        {
            var room = (int)Math.Min(maximum - _content.Count, data.Length);
            _content.AddRange(data[..room]);
            Truncated |= room < data.Length;
        }
    }

    /// <summary>Reads to the end of the stream.</summary>
    /// <param name="source">A pipe or socket.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>A task that ends with the stream.</returns>
    public async Task FillAsync(Stream source, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(32 * 1024);
        try
        {
            int count;
            while ((count = await source.ReadAsync(buffer, cancellationToken)) > 0)
            {
                Append(buffer.AsSpan(0, count));
            }
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            // The other end vanished: what came until then is the output.
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
