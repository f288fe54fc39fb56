using System.Buffers;
using OpsRunbook.Engine.Endpoints;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Cache;

/// <summary>A connection of our own making: pipelining, TLS, ACL users, bounded replies.</summary>
public sealed class RedisConnection : IRedisConnection
{
    private readonly Stream _stream;
    private readonly RespReader _reader;

    private RedisConnection(Stream stream, string target, int maximumBulkBytes)
    {
        _stream = stream;
        _reader = new RespReader(stream, maximumBulkBytes);
        Target = target;
    }

    /// <inheritdoc/>
    public string Target { get; }

    /// <summary>Connects, logs in and selects the database.</summary>
    /// <param name="host">Where the connection starts.</param>
    /// <param name="options">Server, login, TLS.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>A connection ready for commands.</returns>
    /// <exception cref="OpsException">
    /// <c>Cache.NameUnknown</c>, <c>Cache.PortClosed</c>, <c>Cache.Unreachable</c>, <c>Cache.Timeout</c>, <c>Cache.TlsFailed</c> and
    /// the other TLS causes, <c>Cache.LoginRequired</c>, <c>Cache.LoginRefused</c>, <c>Cache.NoPasswordSet</c>, <c>Cache.Loading</c>,
    /// <c>Cache.TooManyClients</c>, <c>Cache.ProtectedMode</c>, <c>Cache.ProtocolError</c>.
    /// </exception>
    public static async Task<RedisConnection> OpenAsync(IHost host, RedisOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(options);
        var target = EndpointErrors.HostPort(options.Server, options.Port);
        Stream stream;
        try
        {
            stream = (await Connection.OpenAsync(host, options.Server, options.Port, cancellationToken)).Stream;
            if (options.Tls is not (null or "disable"))
            {
                var tls = new TlsOptions(options.Server) { Insecure = options.Tls == "require", CaFile = options.TlsCa };
                stream = (await TlsSession.OpenAsync(stream, target, tls, cancellationToken)).Stream;
            }
        }
        catch (OpsException error)
        {
            throw RedisErrors.FromEndpoint(error);
        }

        var connection = new RedisConnection(stream, target, options.MaximumBulkBytes);
        try
        {
            if (options.Password is { } password)
            {
                await connection.ExecuteAsync(
                    options.User is { } user ? new RedisCommand("AUTH", user, password) : new RedisCommand("AUTH", password),
                    cancellationToken);
            }

            if (options.Database != 0)
            {
                await connection.ExecuteAsync(new RedisCommand("SELECT", options.Database), cancellationToken);
            }

            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public async Task<RedisReply> ExecuteAsync(RedisCommand command, CancellationToken cancellationToken)
    {
        var reply = (await PipelineAsync([command], cancellationToken))[0];
        return reply.IsError ? throw RedisErrors.FromReply(reply, command.Name, Target) : reply;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<RedisReply>> PipelineAsync(IReadOnlyList<RedisCommand> commands, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(commands);
        var output = new ArrayBufferWriter<byte>(64 * commands.Count);
        foreach (var command in commands)
        {
            command.WriteTo(output);
        }

        try
        {
            // Both ways at once: a server that has filled our receive window reads no further commands.
            var writing = _stream.WriteAsync(output.WrittenMemory, cancellationToken).AsTask();
            var replies = new RedisReply[commands.Count];
            for (var i = 0; i < replies.Length; i++)
            {
                replies[i] = await NextAsync(cancellationToken);
            }

            await writing;
            return replies;
        }
        catch (Exception error) when (error is IOException or InvalidDataException or ObjectDisposedException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw RedisErrors.Protocol(Target, error);
        }
    }

    /// <inheritdoc/>
    public async Task<RedisReply> ReceiveAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _reader.ReadAsync(cancellationToken);
        }
        catch (Exception error) when (error is IOException or InvalidDataException or ObjectDisposedException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw RedisErrors.Protocol(Target, error);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _stream.DisposeAsync();

    private async ValueTask<RedisReply> NextAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var reply = await _reader.ReadAsync(cancellationToken);
            if (reply.Kind != RedisReplyKind.Push)
            {
                return reply;
            }
        }
    }
}
