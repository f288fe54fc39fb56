using System.Numerics;

namespace OpsRunbook.Engine.Logs.Measuring;

/// <summary>Durations in buckets that are a thirty-second of their size wide, so that a percentile is right to about 3 %, however many there are.</summary>
internal sealed class LatencyHistogram
{
    private const int SubBits = 5;
    private const int Buckets = 40 << SubBits;

    private int[]? _counts;
    private long _total;
    private long _longest;

    /// <summary>The longest.</summary>
    public TimeSpan? Longest => _total == 0 ? null : TimeSpan.FromTicks(_longest * TimeSpan.TicksPerMicrosecond);

    /// <summary>Counts a duration.</summary>
    /// <param name="micros">Microseconds; below 0 is not counted.</param>
    public void Add(long micros)
    {
        if (micros < 0)
        {
            return;
        }

        (_counts ??= new int[Buckets])[Bucket(micros)]++;
        _total++;
        _longest = Math.Max(_longest, micros);
    }

    /// <summary>Adds another histogram.</summary>
    /// <param name="other">The other.</param>
    public void Add(LatencyHistogram other)
    {
        if (other._counts is null)
        {
            return;
        }

        _counts ??= new int[Buckets];
        for (var i = 0; i < Buckets; i++)
        {
            _counts[i] += other._counts[i];
        }

        _total += other._total;
        _longest = Math.Max(_longest, other._longest);
    }

    /// <summary>The duration that a share of all do not exceed.</summary>
    /// <param name="share">0 to 1.</param>
    /// <returns>Null when nothing was counted.</returns>
    public TimeSpan? Percentile(double share)
    {
        if (_counts is null)
        {
            return null;
        }

        var wanted = Math.Max(1, (long)Math.Ceiling(share * _total));
        var bucket = -1;
        for (var seen = 0L; seen < wanted; seen += _counts[bucket])
        {
            bucket++;
        }

        var middle = TimeSpan.FromTicks((Lowest(bucket) + Lowest(bucket + 1)) / 2 * TimeSpan.TicksPerMicrosecond);
        return middle < Longest ? middle : Longest;
    }

    private static int Bucket(long micros)
    {
        if (micros < 1 << SubBits)
        {
            return (int)micros;
        }

        var exponent = BitOperations.Log2((ulong)micros) - SubBits;
        return Math.Min(Buckets - 2, (exponent << SubBits) + (int)(micros >> exponent));
    }

    private static long Lowest(int bucket)
    {
        var exponent = Math.Max(0, (bucket >> SubBits) - 1);
        return (long)(bucket - (exponent << SubBits)) << exponent;
    }
}
