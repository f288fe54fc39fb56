namespace OpsRunbook.Engine.Logs.Scanning;

/// <summary>Bytes that are in memory already.</summary>
/// <param name="bytes">The bytes.</param>
/// <param name="length">So many of them count.</param>
internal sealed class MemoryBytes(byte[] bytes, int length) : IByteReader
{
    /// <inheritdoc/>
    public int Read(Span<byte> buffer, long position)
    {
        var count = (int)Math.Clamp(length - position, 0, buffer.Length);
        bytes.AsSpan((int)Math.Min(position, length), count).CopyTo(buffer);
        return count;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
