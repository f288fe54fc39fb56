using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;

namespace OpsRunbook.Engine.Cache;

/// <summary>
/// Reads replies of Redis' protocol, versions 2 and 3. What the server says about sizes is believed only
/// up to limits, so that a server that is none cannot fill the memory.
/// </summary>
/// <param name="stream">The connection.</param>
/// <param name="maximumBulkBytes">A larger value is refused.</param>
/// <param name="maximumLineBytes">A longer line is refused.</param>
internal sealed class RespReader(Stream stream, int maximumBulkBytes, int maximumLineBytes)
{
    private const int MaximumDepth = 32;
    private const int MaximumItems = 64 * 1024 * 1024;

    private byte[] _buffer = new byte[64 * 1024];
    private int _start;
    private int _end;

    /// <summary>The next reply.</summary>
    /// <param name="cancellationToken">Ends the wait; the connection is of no use afterwards.</param>
    /// <returns>The reply.</returns>
    /// <exception cref="InvalidDataException">What arrived is not the protocol or too large.</exception>
    /// <exception cref="EndOfStreamException">The server closed the connection.</exception>
    public ValueTask<RedisReply> ReadAsync(CancellationToken cancellationToken) =>
        TryReadShort(out var reply) ? ValueTask.FromResult(reply) : ReadAsync(0, cancellationToken);

    private async ValueTask<RedisReply> ReadAsync(int depth, CancellationToken cancellationToken)
    {
        if (depth > MaximumDepth)
        {
            throw new InvalidDataException("the answer is nested too deeply");
        }

        while (true)
        {
            var line = await ReadLineAsync(cancellationToken);
            var kind = line.Length == 0 ? '\0' : (char)line.Span[0];
            var rest = line.Length == 0 ? line : line[1..];
            switch (kind)
            {
                case '+':
                    return RedisReply.Of(RedisReplyKind.Status, rest.ToArray());
                case '-':
                    return RedisReply.Of(RedisReplyKind.Error, rest.ToArray());
                case ':':
                    return RedisReply.Of(Number(rest.Span));
                case '#':
                    return RedisReply.Of(rest.Span.SequenceEqual("t"u8) ? 1 : 0);
                case '_':
                    return RedisReply.Null;
                case ',' or '(':
                    return RedisReply.Of(RedisReplyKind.Bulk, rest.ToArray());
                case '$' or '!' or '=':
                    return await ReadBulkAsync(kind, Number(rest.Span), cancellationToken);
                case '*' or '~' or '%' or '>':
                    return await ReadItemsAsync(kind, Number(rest.Span), depth, cancellationToken);
                case '|':
                    // Attributes describe the reply that follows; nothing here asks for any.
                    await ReadItemsAsync('%', Number(rest.Span), depth, cancellationToken);
                    continue;
                default:
                    throw new InvalidDataException("the answer does not begin as an answer of Redis does");
            }
        }
    }

    // Millions of numbers and keys arrive in buffers of many; those that lie there whole need no state machine.
    private bool TryReadShort([NotNullWhen(true)] out RedisReply? reply)
    {
        reply = null;
        var buffered = _buffer.AsSpan(_start, _end - _start);
        if (buffered.Length < 4 || buffered[0] is not ((byte)':' or (byte)'$')
            || !Utf8Parser.TryParse(buffered[1..], out long number, out var digits) || number < 0)
        {
            return false;
        }

        var length = digits + 3;
        if (buffered.Length < length || buffered[length - 2] != '\r' || buffered[length - 1] != '\n')
        {
            return false;
        }

        if (buffered[0] == '$')
        {
            if (number > buffered.Length - length - 2 || !buffered.Slice(length + (int)number, 2).SequenceEqual("\r\n"u8))
            {
                return false;
            }

            reply = RedisReply.Of(RedisReplyKind.Bulk, buffered.Slice(length, (int)number).ToArray());
            length += (int)number + 2;
        }

        reply ??= RedisReply.Of(number);
        _start += length;
        return true;
    }

    private static long Number(ReadOnlySpan<byte> digits)
    {
        if (digits is [(byte)'+', ..])
        {
            digits = digits[1..];
        }

        return Utf8Parser.TryParse(digits, out long value, out var used) && used == digits.Length
            ? value
            : throw new InvalidDataException("a number in the answer is not one");
    }

    private async ValueTask<RedisReply> ReadBulkAsync(char kind, long length, CancellationToken cancellationToken)
    {
        if (length < 0)
        {
            return RedisReply.Null;
        }

        if (length > maximumBulkBytes)
        {
            throw new InvalidDataException($"the answer has {ByteSize.Format(length)}, more than the {ByteSize.Format(maximumBulkBytes)} that are read");
        }

        var bytes = await ReadBytesAsync((int)length, cancellationToken);
        return kind switch
        {
            '!' => RedisReply.Of(RedisReplyKind.Error, bytes),
            '=' when bytes.Length >= 4 => RedisReply.Of(RedisReplyKind.Bulk, bytes.AsMemory(4)),
            _ => RedisReply.Of(RedisReplyKind.Bulk, bytes),
        };
    }

    private async ValueTask<RedisReply> ReadItemsAsync(char kind, long count, int depth, CancellationToken cancellationToken)
    {
        if (count < 0)
        {
            return RedisReply.Null;
        }

        if (count > MaximumItems)
        {
            throw new InvalidDataException($"the answer has {count} elements");
        }

        count *= kind == '%' ? 2 : 1;
        var items = new List<RedisReply>((int)Math.Min(count, 1024));
        for (var i = 0L; i < count; i++)
        {
            items.Add(TryReadShort(out var item) ? item : await ReadAsync(depth + 1, cancellationToken));
        }

        var type = kind switch
        {
            '%' => RedisReplyKind.Map,
            '>' => RedisReplyKind.Push,
            _ => RedisReplyKind.Array,
        };
        return RedisReply.Of(type, items);
    }

    /// <summary>A line without its end; valid until the next read.</summary>
    private async ValueTask<ReadOnlyMemory<byte>> ReadLineAsync(CancellationToken cancellationToken)
    {
        var searched = 0;
        while (true)
        {
            var at = _buffer.AsSpan(_start + searched, _end - _start - searched).IndexOf((byte)'\n');
            if (at >= 0)
            {
                var line = _buffer.AsMemory(_start, searched + at);
                _start += searched + at + 1;
                return line.Span is [.., (byte)'\r'] ? line[..^1] : throw new InvalidDataException("a line of the answer does not end as it must");
            }

            searched = _end - _start;
            if (searched > maximumLineBytes)
            {
                throw new InvalidDataException("a line of the answer has no end");
            }

            await FillAsync(cancellationToken);
        }
    }

    private async ValueTask<byte[]> ReadBytesAsync(int length, CancellationToken cancellationToken)
    {
        var bytes = new byte[length];
        var buffered = Math.Min(length, _end - _start);
        _buffer.AsSpan(_start, buffered).CopyTo(bytes);
        _start += buffered;
        await stream.ReadExactlyAsync(bytes.AsMemory(buffered), cancellationToken);
        while (_end - _start < 2)
        {
            await FillAsync(cancellationToken);
        }

        if (_buffer[_start] != '\r' || _buffer[_start + 1] != '\n')
        {
            throw new InvalidDataException("a value in the answer does not end as it must");
        }

        _start += 2;
        return bytes;
    }

    private async ValueTask FillAsync(CancellationToken cancellationToken)
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        if (_end == _buffer.Length)
        {
            Array.Resize(ref _buffer, _buffer.Length * 2);
        }

        var count = await stream.ReadAsync(_buffer.AsMemory(_end), cancellationToken);
        _end += count > 0 ? count : throw new EndOfStreamException("it closed the connection");
    }
}
