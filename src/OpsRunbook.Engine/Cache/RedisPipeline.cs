namespace OpsRunbook.Engine.Cache;

/// <summary>
/// Keeps a connection busy: batches go out as they are added, and their replies come back to them in order.
/// A batch that is added while replies are taken is on its way before the next replies are read, so that
/// the server never waits for us.
/// </summary>
/// <param name="connection">The connection; nobody else uses it meanwhile.</param>
internal sealed class RedisPipeline(IRedisConnection connection)
{
    private readonly List<RedisCommand> _unsent = [];
    private readonly Queue<(int Count, Func<IReadOnlyList<RedisReply>, ValueTask> Take)> _waiting = new();

    /// <summary>The server, for messages.</summary>
    public string Target => connection.Target;

    /// <summary>Adds a batch.</summary>
    /// <param name="commands">The commands.</param>
    /// <param name="take">Takes their replies; may add further batches.</param>
    public void Add(IReadOnlyList<RedisCommand> commands, Func<IReadOnlyList<RedisReply>, ValueTask> take)
    {
        _unsent.AddRange(commands);
        _waiting.Enqueue((commands.Count, take));
    }

    /// <summary>Runs until no batch is left.</summary>
    /// <param name="cancellationToken">Ends it; the connection is of no use afterwards.</param>
    /// <returns>A task that ends with the last batch.</returns>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (_waiting.Count > 0)
        {
            if (_unsent.Count > 0)
            {
                await connection.SendAsync(_unsent, cancellationToken);
                _unsent.Clear();
            }

            // Stays in the queue until its replies are there.
            var (count, take) = _waiting.Peek();
            var replies = await connection.ReadAsync(count, cancellationToken);
            _waiting.Dequeue();
            await take(replies);
        }
    }
}
