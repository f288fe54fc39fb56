using System.Text;

namespace OpsRunbook.Engine.Backups;

/// <summary>Reads a dump from its beginning to its end, once. An end in the middle of something is a damaged dump, never an end.</summary>
/// <param name="stream">The dump.</param>
/// <param name="name">What it is called in messages.</param>
internal sealed class ByteReader(Stream stream, string name)
{
    private readonly byte[] _buffer = new byte[128 * 1024];
    private int _at;
    private int _end;
    private long _passed;

    /// <summary>What is read, for messages.</summary>
    public string Name => name;

    /// <summary>Bytes read so far.</summary>
    public long Position => _passed + _at;

    /// <summary>There is nothing more.</summary>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>True at the end.</returns>
    public async ValueTask<bool> IsAtEndAsync(CancellationToken cancellationToken) => _at == _end && !await FillAsync(cancellationToken);

    /// <summary>Reads one byte.</summary>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The byte.</returns>
    public ValueTask<byte> ReadByteAsync(CancellationToken cancellationToken) =>
        _at < _end ? ValueTask.FromResult(_buffer[_at++]) : ReadNextByteAsync(cancellationToken);

    /// <summary>Reads exactly so many bytes.</summary>
    /// <param name="target">Takes them.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>A task.</returns>
    public async ValueTask ReadAsync(Memory<byte> target, CancellationToken cancellationToken)
    {
        while (target.Length > 0)
        {
            var count = await ReadSomeAsync(target, cancellationToken);
            target = target[count..];
        }
    }

    /// <summary>Reads at least one byte.</summary>
    /// <param name="target">Takes what there is.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>Number of bytes.</returns>
    public async ValueTask<int> ReadSomeAsync(Memory<byte> target, CancellationToken cancellationToken)
    {
        if (_at == _end && !await FillAsync(cancellationToken))
        {
            throw CutOff();
        }

        var count = Math.Min(target.Length, _end - _at);
        _buffer.AsMemory(_at, count).CopyTo(target);
        _at += count;
        return count;
    }

    /// <summary>Reads past so many bytes.</summary>
    /// <param name="count">How many.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>A task.</returns>
    public async ValueTask SkipAsync(long count, CancellationToken cancellationToken)
    {
        while (count > 0)
        {
            if (_at == _end && !await FillAsync(cancellationToken))
            {
                throw CutOff();
            }

            var step = (int)Math.Min(count, _end - _at);
            _at += step;
            count -= step;
        }
    }

    /// <summary>Reads a text of so many bytes of UTF-8.</summary>
    /// <param name="bytes">Its length.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The text.</returns>
    public async ValueTask<string> ReadTextAsync(int bytes, CancellationToken cancellationToken)
    {
        var content = new byte[bytes];
        await ReadAsync(content, cancellationToken);
        return Encoding.UTF8.GetString(content);
    }

    /// <summary>The dump ends in the middle.</summary>
    public OpsException CutOff() => DumpErrors.Damaged(name, $"it ends after {Position} bytes in the middle of its data.");

    private async ValueTask<byte> ReadNextByteAsync(CancellationToken cancellationToken) =>
        await FillAsync(cancellationToken) ? _buffer[_at++] : throw CutOff();

    private async ValueTask<bool> FillAsync(CancellationToken cancellationToken)
    {
        _passed += _end;
        (_at, _end) = (0, 0);
        try
        {
            _end = await stream.ReadAsync(_buffer, cancellationToken);
        }
        catch (InvalidDataException error)
        {
            throw DumpErrors.Damaged(name, $"it cannot be decompressed: {error.Message}", error);
        }

        return _end > 0;
    }
}
