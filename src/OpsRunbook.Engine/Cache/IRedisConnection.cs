namespace OpsRunbook.Engine.Cache;

/// <summary>A connection to a Redis server. For one user at a time.</summary>
public interface IRedisConnection : IAsyncDisposable
{
    /// <summary>Server and port, for messages.</summary>
    string Target { get; }

    /// <summary>Sends a command and waits for its reply.</summary>
    /// <param name="command">The command.</param>
    /// <param name="cancellationToken">Ends the wait; the connection is of no use afterwards.</param>
    /// <returns>The reply, never an error.</returns>
    /// <exception cref="OpsException">The server refused the command or the connection broke: <c>Cache.…</c>.</exception>
    Task<RedisReply> ExecuteAsync(RedisCommand command, CancellationToken cancellationToken);

    /// <summary>Sends many commands at once and reads their replies.</summary>
    /// <param name="commands">The commands.</param>
    /// <param name="cancellationToken">Ends the wait; the connection is of no use afterwards.</param>
    /// <returns>The replies in the same order; a refused command's reply is an error.</returns>
    /// <exception cref="OpsException">The connection broke: <c>Cache.…</c>.</exception>
    Task<IReadOnlyList<RedisReply>> PipelineAsync(IReadOnlyList<RedisCommand> commands, CancellationToken cancellationToken);

    /// <summary>Sends commands without waiting for their replies, which <see cref="ReadAsync"/> gives in the same order.</summary>
    /// <param name="commands">The commands.</param>
    /// <param name="cancellationToken">Ends the sending; the connection is of no use afterwards.</param>
    /// <returns>A task that ends when the commands are on their way.</returns>
    /// <exception cref="OpsException">The connection broke: <c>Cache.…</c>.</exception>
    Task SendAsync(IReadOnlyList<RedisCommand> commands, CancellationToken cancellationToken);

    /// <summary>Reads replies to commands that were sent.</summary>
    /// <param name="count">How many; no more than are outstanding.</param>
    /// <param name="cancellationToken">Ends the wait; the connection is of no use afterwards.</param>
    /// <returns>The replies; a refused command's reply is an error.</returns>
    /// <exception cref="OpsException">The connection broke: <c>Cache.…</c>.</exception>
    Task<IReadOnlyList<RedisReply>> ReadAsync(int count, CancellationToken cancellationToken);

    /// <summary>Waits for the next thing the server says, after a command that makes it talk (<c>MONITOR</c>, <c>SUBSCRIBE</c>).</summary>
    /// <param name="cancellationToken">Ends the wait; the connection is of no use afterwards.</param>
    /// <returns>The message.</returns>
    Task<RedisReply> ReceiveAsync(CancellationToken cancellationToken);
}
