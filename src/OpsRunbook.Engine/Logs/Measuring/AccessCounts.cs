namespace OpsRunbook.Engine.Logs.Measuring;

/// <summary>All that one core counts of an access log.</summary>
internal sealed class AccessCounts
{
    /// <summary>More different routes share one entry: somebody who tries random paths cannot fill the memory.</summary>
    public const int MostRoutes = 2_000;

    private const int MostClients = 50_000;

    private readonly KeyTable<AccessCount> _clients = new(MostClients, key => new AccessCount(key));
    private readonly ClientBatch _batch;

    /// <summary>Counts nothing yet.</summary>
    public AccessCounts() => _batch = new ClientBatch(_clients);

    /// <summary>By method and route.</summary>
    public KeyTable<AccessCount> Routes { get; } = new(MostRoutes, key => new AccessCount(key));

    /// <summary>By address of the client.</summary>
    public KeyTable<AccessCount> Clients
    {
        get
        {
            _batch.Flush();
            return _clients;
        }
    }

    /// <summary>By time: the number of the bucket.</summary>
    public Dictionary<long, AccessCount> Times { get; } = [];

    /// <summary>By status code.</summary>
    public long[] Codes { get; } = new long[1000];

    /// <summary>UTC ticks of the earliest; 0 for none.</summary>
    public long First { get; set; }

    /// <summary>UTC ticks of the latest.</summary>
    public long Last { get; set; }

    /// <summary>Lines that are no requests.</summary>
    public long Foreign { get; set; }

    /// <summary>Counts a request of a client.</summary>
    /// <param name="client">Its address.</param>
    /// <param name="status">Status code.</param>
    /// <param name="bytes">Bytes sent; below 0 for not known.</param>
    public void AddClient(ReadOnlySpan<byte> client, int status, long bytes) => _batch.Add(client, status, bytes);

    /// <summary>All requests: every one has a route.</summary>
    /// <returns>Their sum.</returns>
    public AccessCount Total()
    {
        var total = new AccessCount([]);
        foreach (var route in Routes.All)
        {
            total.Add(route);
        }

        return total;
    }

    /// <summary>Adds what another core counted.</summary>
    /// <param name="other">The other.</param>
    public void Add(AccessCounts other)
    {
        Routes.Add(other.Routes, (mine, theirs) => mine.Add(theirs));
        Clients.Add(other.Clients, (mine, theirs) => mine.Add(theirs));
        foreach (var (time, count) in other.Times)
        {
            if (!Times.TryAdd(time, count))
            {
                Times[time].Add(count);
            }
        }

        for (var code = 0; code < Codes.Length; code++)
        {
            Codes[code] += other.Codes[code];
        }

        First = First == 0 ? other.First : other.First == 0 ? First : Math.Min(First, other.First);
        Last = Math.Max(Last, other.Last);
        Foreign += other.Foreign;
    }
}
