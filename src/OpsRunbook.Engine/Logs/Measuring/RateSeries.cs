namespace OpsRunbook.Engine.Logs.Measuring;

/// <summary>
/// Counts over time in a few buckets, whatever time they turn out to span: when a moment lies outside, buckets
/// are put together two by two. Buckets lie at whole multiples of their width, so that any two series can be added.
/// </summary>
internal sealed class RateSeries
{
    /// <summary>Buckets at the most.</summary>
    public const int Buckets = 32;

    private const long Narrowest = TimeSpan.TicksPerSecond;

    private readonly int[] _counts = new int[Buckets];
    private int _doublings;
    private long _first = -1;

    /// <summary>Width of a bucket in ticks.</summary>
    public long Width => Narrowest << _doublings;

    /// <summary>All that was counted.</summary>
    public long Total => _counts.Sum(count => (long)count);

    /// <summary>Counts at one moment.</summary>
    /// <param name="ticks">UTC ticks.</param>
    /// <param name="count">How many.</param>
    public void Add(long ticks, int count = 1)
    {
        var bucket = (ticks / Narrowest) >> _doublings;
        if (_first < 0)
        {
            _first = bucket;
        }

        while (bucket - _first >= Buckets)
        {
            Double();
            bucket >>= 1;
        }

        while (bucket < _first)
        {
            var last = LastUsed();
            if (last - bucket < Buckets)
            {
                var by = (int)(_first - bucket);
                Array.Copy(_counts, 0, _counts, by, Buckets - by);
                Array.Clear(_counts, 0, by);
                _first = bucket;
                break;
            }

            Double();
            bucket >>= 1;
        }

        _counts[bucket - _first] += count;
    }

    /// <summary>Adds another series.</summary>
    /// <param name="other">The series.</param>
    public void Add(RateSeries other)
    {
        for (var i = 0; i < Buckets; i++)
        {
            if (other._counts[i] > 0)
            {
                Add((other._first + i) * other.Width, other._counts[i]);
            }
        }
    }

    /// <summary>A line of bars over a time.</summary>
    /// <param name="from">UTC ticks of the beginning.</param>
    /// <param name="to">UTC ticks of the end.</param>
    /// <param name="bars">How many.</param>
    /// <returns>The bars, the highest for the most; a blank for nothing.</returns>
    public string Sparkline(long from, long to, int bars)
    {
        var sums = new double[bars];
        var width = Math.Max(1, (to - from) / (double)bars);
        for (var i = 0; i < Buckets; i++)
        {
            if (_counts[i] == 0)
            {
                continue;
            }

            // A bucket that lies across several bars is shared out among them.
            var start = Math.Max(0, (((_first + i) * Width) - from) / width);
            var end = Math.Min(bars, (((_first + i + 1) * Width) - from) / width);
            for (var bar = (int)Math.Min(bars - 1, start); bar < bars && bar < Math.Max(end, start + 0.001); bar++)
            {
                sums[bar] += _counts[i] * (Math.Min(end, bar + 1) - Math.Max(start, bar)) / Math.Max(end - start, 0.001);
            }
        }

        var most = sums.Max();
        return string.Create(bars, (sums, most), static (text, state) =>
        {
            for (var i = 0; i < text.Length; i++)
            {
                text[i] = state.sums[i] <= state.most * 0.005 ? ' ' : "▁▂▃▄▅▆▇█"[(int)Math.Clamp(Math.Ceiling(state.sums[i] / state.most * 8) - 1, 0, 7)];
            }
        });
    }

    private long LastUsed()
    {
        var last = Array.FindLastIndex(_counts, count => count > 0);
        return _first + Math.Max(0, last);
    }

    private void Double()
    {
        var first = _first >> 1;
        var counts = new int[Buckets];
        for (var i = 0; i < Buckets; i++)
        {
            if (_counts[i] > 0)
            {
                counts[((_first + i) >> 1) - first] += _counts[i];
            }
        }

        counts.CopyTo(_counts, 0);
        _first = first;
        _doublings++;
    }
}
