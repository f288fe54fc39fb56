using System.Buffers.Binary;
using System.Net.Security;
using System.Net.Sockets;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Docker;

/// <summary>
/// Input and output of a command in a container. The engine sends both outputs in one stream, each piece
/// behind a header of eight bytes: which of the two, three zeros, and the length (big-endian).
/// Read as a stream it is the standard output.
/// </summary>
internal sealed class DockerExecStream(Stream connection) : Stream
{
    private const int HeaderLength = 8;
    private const byte StandardError = 2;

    private readonly byte[] _header = new byte[HeaderLength];
    private readonly BoundedBuffer _error = new(4096);
    private long _left;
    private byte _kind;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>What the command wrote to standard error while its output was read as a stream.</summary>
    public string ErrorText => System.Text.Encoding.UTF8.GetString(_error.ToArray());

    /// <summary>Reads both outputs to their end.</summary>
    /// <param name="output">Takes standard output.</param>
    /// <param name="error">Takes standard error.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>A task that ends with the command.</returns>
    public async Task CopyToAsync(BoundedBuffer output, BoundedBuffer error, CancellationToken cancellationToken)
    {
        var buffer = new byte[32 * 1024];
        while (true)
        {
            var (count, kind) = await ReadPieceAsync(buffer, cancellationToken);
            if (count == 0)
            {
                return;
            }

            (kind == StandardError ? error : output).Append(buffer.AsSpan(0, count));
        }
    }

    /// <summary>Ends the command's input while its output goes on.</summary>
    /// <returns>A task that ends when it is said.</returns>
    public async Task CloseInputAsync()
    {
        switch (connection)
        {
            case NetworkStream network:
                network.Socket.Shutdown(SocketShutdown.Send);
                break;
            case SslStream secure:
                await secure.ShutdownAsync();
                break;
            case PipeStreamPair pipes:
                pipes.CloseInput();
                break;
        }
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            var (count, kind) = await ReadPieceAsync(buffer, cancellationToken);
            if (kind != StandardError || count == 0)
            {
                return count;
            }

            _error.Append(buffer.Span[..count]);
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => ReadAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        connection.WriteAsync(buffer, cancellationToken);

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        connection.WriteAsync(buffer, offset, count, cancellationToken);

    public override void Write(byte[] buffer, int offset, int count) => connection.Write(buffer, offset, count);

    public override void Flush() => connection.Flush();

    public override Task FlushAsync(CancellationToken cancellationToken) => connection.FlushAsync(cancellationToken);

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            connection.Dispose();
        }

        base.Dispose(disposing);
    }

    private async ValueTask<(int Count, byte Kind)> ReadPieceAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        while (_left == 0)
        {
            if (await connection.ReadAtLeastAsync(_header, HeaderLength, throwOnEndOfStream: false, cancellationToken) < HeaderLength)
            {
                return (0, _kind);
            }

            _kind = _header[0];
            _left = BinaryPrimitives.ReadUInt32BigEndian(_header.AsSpan(4));
        }

        var count = await connection.ReadAsync(buffer[..(int)Math.Min(buffer.Length, _left)], cancellationToken);
        _left -= count;
        return (count, _kind);
    }
}
