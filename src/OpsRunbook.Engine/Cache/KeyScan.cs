namespace OpsRunbook.Engine.Cache;

/// <summary>Walks through the keys of a database with <c>SCAN</c>, page by page, as fast as the server's other clients allow.</summary>
/// <param name="pipeline">The connection.</param>
/// <param name="pace">How large the pages are and when the next is due.</param>
/// <param name="pattern">Only keys that match; null for all.</param>
/// <param name="type">Only keys of this type, as the server names it; null for all.</param>
/// <param name="take">Takes the keys of a page, and may add batches to the pipeline for them.</param>
internal sealed class KeyScan(RedisPipeline pipeline, ScanPace pace, string? pattern, string? type, Func<IReadOnlyList<RedisReply>, ValueTask> take)
{
    private static readonly RedisArgument Scan = "SCAN";
    private static readonly RedisArgument Count = "COUNT";

    private readonly RedisArgument[] _filter =
    [
        .. pattern is null ? Array.Empty<RedisArgument>() : ["MATCH", pattern],
        .. type is null ? Array.Empty<RedisArgument>() : ["TYPE", type],
    ];

    private bool _stopped;

    /// <summary>About so many keys were looked at so far, whether they matched or not.</summary>
    public long Visited { get; private set; }

    /// <summary>So many keys matched so far.</summary>
    public long Found { get; private set; }

    /// <summary>Every key that was there from the beginning to the end has been looked at.</summary>
    public bool Complete { get; private set; }

    /// <summary>Adds the first page to the pipeline; the others follow by themselves.</summary>
    /// <param name="cancellationToken">Ends a pause.</param>
    public void Start(CancellationToken cancellationToken) => Add("0", pace.FirstPage, cancellationToken);

    /// <summary>Asks for no further page.</summary>
    public void Stop() => _stopped = true;

    private void Add(RedisArgument cursor, int count, CancellationToken cancellationToken) =>
        pipeline.Add([new RedisCommand([Scan, cursor, .. _filter, Count, count])], replies => TakePageAsync(replies[0], count, cancellationToken));

    private async ValueTask TakePageAsync(RedisReply reply, int count, CancellationToken cancellationToken)
    {
        if (reply.IsError)
        {
            throw RedisErrors.FromReply(reply, "SCAN", pipeline.Target);
        }

        if (reply.Items is not [{ } cursor, { Kind: RedisReplyKind.Array } keys])
        {
            throw RedisErrors.Protocol(pipeline.Target, new InvalidDataException("the reply to SCAN is not one"));
        }

        Visited += count;
        Found += keys.Items.Count;
        if (cursor.Bytes.Span.SequenceEqual("0"u8))
        {
            Complete = true;
        }
        else if (!_stopped)
        {
            Add(new RedisArgument(cursor.Bytes), await pace.NextAsync(cancellationToken), cancellationToken);
        }

        await take(keys.Items);
    }
}
