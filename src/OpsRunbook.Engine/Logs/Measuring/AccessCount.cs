namespace OpsRunbook.Engine.Logs.Measuring;

/// <summary>Requests that have something in common: all, a route, a client, a time.</summary>
/// <param name="key">What they have in common.</param>
internal sealed class AccessCount(byte[] key) : KeyEntry(key)
{
    // Made when a duration comes: of the many clients, none is counted.
    private LatencyHistogram? _latency;

    /// <summary>How many.</summary>
    public long Requests { get; private set; }

    /// <summary>Bytes sent.</summary>
    public long Bytes { get; private set; }

    /// <summary>Those with a status of 500 and above.</summary>
    public long ServerErrors { get; private set; }

    /// <summary>Those with a status of 400 to 499.</summary>
    public long ClientErrors { get; private set; }

    /// <summary>Those that were refused because there were too many (429).</summary>
    public long TooMany { get; private set; }

    /// <summary>How long they took.</summary>
    public LatencyHistogram Latency => _latency ??= new LatencyHistogram();

    /// <summary>Counts a request.</summary>
    /// <param name="status">Status code.</param>
    /// <param name="bytes">Bytes sent; below 0 for not known.</param>
    /// <param name="micros">How long it took, microseconds; below 0 for not known.</param>
    public void Add(int status, long bytes, long micros)
    {
        Requests++;
        Bytes += Math.Max(0, bytes);
        if (status >= 400)
        {
            ServerErrors += status >= 500 ? 1 : 0;
            ClientErrors += status < 500 ? 1 : 0;
            TooMany += status == 429 ? 1 : 0;
        }

        if (micros >= 0)
        {
            Latency.Add(micros);
        }
    }

    /// <summary>Adds what another thread counted.</summary>
    /// <param name="other">The other.</param>
    public void Add(AccessCount other)
    {
        Requests += other.Requests;
        ServerErrors += other.ServerErrors;
        ClientErrors += other.ClientErrors;
        TooMany += other.TooMany;
        Bytes += other.Bytes;
        if (other._latency is { } latency)
        {
            Latency.Add(latency);
        }
    }
}
