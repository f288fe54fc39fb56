using System.Buffers.Binary;
using System.Security.Cryptography;

namespace OpsRunbook.Engine.Endpoints;

/// <summary>Frames of an open WebSocket, as far as waiting on one needs them.</summary>
/// <param name="stream">The connection.</param>
/// <param name="early">Bytes that arrived with the answer to the upgrade.</param>
internal sealed class WebSocketFrames(Stream stream, ReadOnlyMemory<byte> early)
{
    /// <summary>The server ends the connection.</summary>
    public const int Close = 8;

    /// <summary>The server asks whether the client is alive.</summary>
    public const int Ping = 9;

    private const int Pong = 10;
    private const int MaximumControlBytes = 125;

    private ReadOnlyMemory<byte> _early = early;

    /// <summary>The next frame. Of data only the length is looked at; its payload is passed over.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Operation, and the payload of a control frame.</returns>
    public async Task<(int Operation, ReadOnlyMemory<byte> Payload)> ReadAsync(CancellationToken cancellationToken)
    {
        var head = await TakeAsync(2, cancellationToken);
        var operation = head[0] & 0x0f;
        long length = head[1] & 0x7f;
        if (length == 126)
        {
            length = BinaryPrimitives.ReadUInt16BigEndian(await TakeAsync(2, cancellationToken));
        }
        else if (length == 127)
        {
            length = BinaryPrimitives.ReadInt64BigEndian(await TakeAsync(8, cancellationToken));
        }

        if (operation >= Close)
        {
            return length <= MaximumControlBytes
                ? (operation, await TakeAsync((int)length, cancellationToken))
                : throw new InvalidDataException("A control frame is too long.");
        }

        while (length > 0)
        {
            length -= (await TakeAsync((int)Math.Min(length, 16 * 1024), cancellationToken)).Length;
        }

        return (operation, default);
    }

    /// <summary>Answers a ping. Frames of a client are masked.</summary>
    /// <param name="payload">What the ping carried.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>A task that ends when it is sent.</returns>
    public async Task PongAsync(ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        var mask = RandomNumberGenerator.GetBytes(4);
        var frame = new byte[6 + payload.Length];
        frame[0] = 0x80 | Pong;
        frame[1] = (byte)(0x80 | payload.Length);
        mask.CopyTo(frame, 2);
        for (var i = 0; i < payload.Length; i++)
        {
            frame[6 + i] = (byte)(payload.Span[i] ^ mask[i % 4]);
        }

        await stream.WriteAsync(frame, cancellationToken);
    }

    private async Task<byte[]> TakeAsync(int count, CancellationToken cancellationToken)
    {
        var bytes = new byte[count];
        var first = Math.Min(count, _early.Length);
        _early[..first].CopyTo(bytes);
        _early = _early[first..];
        await stream.ReadExactlyAsync(bytes.AsMemory(first), cancellationToken);
        return bytes;
    }
}
