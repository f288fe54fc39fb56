using System.Buffers;
using OpsRunbook.Engine.Endpoints;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Cache;

/// <summary>A connection of our own making: pipelining, TLS, ACL users, bounded replies.</summary>
public sealed class RedisConnection : IRedisConnection
{
    private readonly Stream _stream;
    private readonly RespReader _reader;
    private readonly TimeSpan? _patience;
    private readonly ArrayBufferWriter<byte> _output = new(4096);
    private Task _writing = Task.CompletedTask;
    private bool _answered;

    private RedisConnection(Stream stream, string target, RedisOptions options)
    {
        _stream = stream;
        _reader = new RespReader(stream, options.MaximumBulkBytes, options.MaximumLineBytes);
        _patience = options.ReplyTimeout;
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

        var connection = new RedisConnection(stream, target, options);
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
        await SendAsync(commands, cancellationToken);
        return await ReadAsync(commands.Count, cancellationToken);
    }

    /// <inheritdoc/>
    public Task SendAsync(IReadOnlyList<RedisCommand> commands, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(commands);
        return GuardAsync(
            async token =>
            {
                await _writing.WaitAsync(token);
                _output.ResetWrittenCount();
                foreach (var command in commands)
                {
                    command.WriteTo(_output);
                }

                // Not awaited: a server that has filled our receive window may read no further commands.
                _writing = _stream.WriteAsync(_output.WrittenMemory, cancellationToken).AsTask();
                return true;
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<RedisReply>> ReadAsync(int count, CancellationToken cancellationToken) => GuardAsync<IReadOnlyList<RedisReply>>(
        async token =>
        {
            var replies = new RedisReply[count];
            for (var i = 0; i < count; i++)
            {
                replies[i] = await NextAsync(token);
            }

            return replies;
        },
        cancellationToken);

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
            throw Broken(error);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _stream.DisposeAsync();

    private OpsException Broken(Exception error) =>
        _answered && error is not InvalidDataException ? RedisErrors.Lost(Target, error) : RedisErrors.Protocol(Target, error);

    private async Task<T> GuardAsync<T>(Func<CancellationToken, Task<T>> work, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (_patience is { } patience)
        {
            limit.CancelAfter(patience);
        }

        try
        {
            return await work(limit.Token);
        }
        catch (Exception) when (limit.IsCancellationRequested)
        {
            // A stream closed under a pending read says so with errors of its own.
            cancellationToken.ThrowIfCancellationRequested();
            throw RedisErrors.FromEndpoint(EndpointErrors.Timeout(Target, _patience ?? default, "answer"));
        }
        catch (Exception error) when (error is IOException or InvalidDataException or ObjectDisposedException)
        {
            throw Broken(error);
        }
    }

    private async ValueTask<RedisReply> NextAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var reply = await _reader.ReadAsync(cancellationToken);
            _answered = true;
            if (reply.Kind != RedisReplyKind.Push)
            {
                return reply;
            }
        }
    }
}
