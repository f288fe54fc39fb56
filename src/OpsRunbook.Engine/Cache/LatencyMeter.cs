using System.Diagnostics;

namespace OpsRunbook.Engine.Cache;

/// <summary>Measures how long a cache's servers take to answer, for a time.</summary>
/// <param name="target">The cache.</param>
/// <param name="over">How long.</param>
/// <param name="every">From one ping to the next.</param>
/// <param name="output">Takes a <see cref="CacheLatency"/> for each server.</param>
public sealed class LatencyMeter(CacheTarget target, TimeSpan over, TimeSpan every, IOperationOutput output)
{
    private const int FirstBucketMicroseconds = 16;

    /// <summary>Measures.</summary>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>A task that ends with the time.</returns>
    /// <exception cref="OpsException">The cache cannot be reached.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using var servers = await target.OpenAllAsync(fromReplica: false, output, cancellationToken);
        await Task.WhenAll(servers.All.Select(server => MeasureAsync(server, cancellationToken)));
    }

    /// <summary>Counts times by powers of two of microseconds.</summary>
    /// <param name="sorted">The times in order; at least one.</param>
    /// <returns>From the bucket of the quickest to that of the slowest.</returns>
    internal static IReadOnlyList<CacheLatencyBucket> Histogram(IReadOnlyList<TimeSpan> sorted)
    {
        var buckets = new List<CacheLatencyBucket>();
        var (upTo, at) = (TimeSpan.FromMicroseconds(FirstBucketMicroseconds), 0);
        while (at < sorted.Count)
        {
            var count = 0;
            for (; at < sorted.Count && sorted[at] <= upTo; at++)
            {
                count++;
            }

            if (count > 0 || buckets.Count > 0)
            {
                buckets.Add(new CacheLatencyBucket(upTo, count));
            }

            upTo *= 2;
        }

        return buckets;
    }

    private async Task MeasureAsync(CacheServer server, CancellationToken cancellationToken)
    {
        var samples = new List<TimeSpan>();
        var start = Stopwatch.GetTimestamp();
        OpsException? failure = null;
        try
        {
            // The first answer also waits for what has to be compiled and cached on this side.
            await server.Connection.ExecuteAsync(new RedisCommand("PING"), cancellationToken);
            start = Stopwatch.GetTimestamp();
            do
            {
                var sent = Stopwatch.GetTimestamp();
                await server.Connection.ExecuteAsync(new RedisCommand("PING"), cancellationToken);
                samples.Add(Stopwatch.GetElapsedTime(sent));
                var gone = Stopwatch.GetElapsedTime(start);
                output.Progress($"Measuring {server.Node}", $"{samples.Count} pings", (int)Math.Min(99, 100 * gone / over));
                await Task.Delay(every, cancellationToken);
            }
            while (Stopwatch.GetElapsedTime(start) < over);
        }
        catch (OpsException error)
        {
            failure = error;
        }

        if (samples.Count > 0)
        {
            await output.WriteAsync(Result(server, samples, Stopwatch.GetElapsedTime(start), failure is null), cancellationToken);
        }

        if (failure is not null)
        {
            output.Error(failure);
        }
    }

    private CacheLatency Result(CacheServer server, List<TimeSpan> samples, TimeSpan taken, bool complete)
    {
        samples.Sort();
        return new CacheLatency
        {
            Cache = target.Name,
            Node = server.Node,
            Samples = samples.Count,
            Over = taken,
            Minimum = samples[0],
            Median = Percentiles.Of(samples, 50),
            P90 = Percentiles.Of(samples, 90),
            P99 = Percentiles.Of(samples, 99),
            Maximum = samples[^1],
            Histogram = Histogram(samples),
            Complete = complete,
        };
    }
}
