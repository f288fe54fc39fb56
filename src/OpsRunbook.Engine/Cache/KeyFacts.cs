namespace OpsRunbook.Engine.Cache;

/// <summary>What is known about a key so far.</summary>
/// <param name="Key">Its bytes.</param>
internal sealed record KeyFacts(ReadOnlyMemory<byte> Key)
{
    public long? Bytes { get; set; }

    public string? Type { get; set; }

    public TimeSpan? TimeToLive { get; set; }

    /// <summary>True when it is known to never expire.</summary>
    public bool NeverExpires { get; set; }

    public TimeSpan? Idle { get; set; }

    public long? Elements { get; set; }

    /// <summary>It was gone when its turn came.</summary>
    public bool IsGone { get; set; }

    /// <summary>The object for the pipeline.</summary>
    public CacheKey ToKey(CacheServer server, bool complete)
    {
        var text = KeyText.Of(Key.Span, out var exact);
        return new CacheKey
        {
            Key = text,
            KeyBase64 = exact ? null : Convert.ToBase64String(Key.Span),
            Type = Type,
            Bytes = Bytes,
            Elements = Elements,
            TimeToLive = TimeToLive,
            Idle = Idle,
            Database = server.Options.Database,
            Cache = server.Target.Name,
            Node = server.Node,
            Complete = complete,
        };
    }
}
