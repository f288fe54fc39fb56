namespace OpsRunbook.Engine.Cache;

/// <summary>
/// Removes keys in batches of <c>UNLINK</c> and counts what the server says. A batch whose reply is lost is never
/// sent again: whether its keys are gone is not known, and that is what is said.
/// </summary>
/// <param name="single">One key for each command, as a cluster wants it.</param>
internal sealed class KeyUnlinker(bool single)
{
    // A server works on a command to its end: so many keys take it a tenth of a millisecond.
    private const int BatchSize = 100;

    private static readonly RedisArgument Unlink = "UNLINK";

    /// <summary>Keys that the server says it has removed.</summary>
    public long Removed { get; private set; }

    /// <summary>Keys that were already gone.</summary>
    public long Missing { get; private set; }

    /// <summary>Keys whose removal was sent and not answered so far.</summary>
    public long Unanswered { get; private set; }

    /// <summary>Why the server did not take a batch; null when it took all so far.</summary>
    public OpsException? Refusal { get; private set; }

    /// <summary>Sends keys on their way out.</summary>
    /// <param name="pipeline">The connection.</param>
    /// <param name="keys">The keys.</param>
    public void Add(RedisPipeline pipeline, IReadOnlyList<ReadOnlyMemory<byte>> keys)
    {
        if (single)
        {
            Send(pipeline, [.. keys.Select(key => new RedisCommand(Unlink, new RedisArgument(key)))], 1);
            return;
        }

        for (var start = 0; start < keys.Count; start += BatchSize)
        {
            var count = Math.Min(BatchSize, keys.Count - start);
            var arguments = new RedisArgument[count + 1];
            arguments[0] = Unlink;
            for (var i = 0; i < count; i++)
            {
                arguments[i + 1] = new RedisArgument(keys[start + i]);
            }

            Send(pipeline, [new RedisCommand(arguments)], count);
        }
    }

    private void Send(RedisPipeline pipeline, IReadOnlyList<RedisCommand> commands, int keysOfEach)
    {
        Unanswered += commands.Count * keysOfEach;
        pipeline.Add(commands, replies =>
        {
            foreach (var reply in replies)
            {
                // A refused command has removed nothing.
                Unanswered -= keysOfEach;
                if (reply.IsError)
                {
                    Refusal ??= RedisErrors.FromReply(reply, "UNLINK", pipeline.Target);
                    continue;
                }

                Removed += reply.Integer;
                Missing += keysOfEach - reply.Integer;
            }

            return ValueTask.CompletedTask;
        });
    }
}
