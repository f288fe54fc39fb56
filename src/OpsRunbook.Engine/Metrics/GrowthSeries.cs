namespace OpsRunbook.Engine.Metrics;

/// <summary>The readings of one sample over time, thinned so that a long watch needs no more memory than a short one.</summary>
/// <param name="counter">It only grows, and begins at zero again when its process does.</param>
public sealed class GrowthSeries(bool counter)
{
    private const int Capacity = 256;

    private readonly List<(double Seconds, double Value)> _kept = [];
    private int _stride = 1;
    private double _offset;
    private double _previous;
    private double _firstTime;

    /// <summary>Number of readings.</summary>
    public int Count { get; private set; }

    /// <summary>First reading.</summary>
    public double First { get; private set; }

    /// <summary>Last reading.</summary>
    public double Last { get; private set; }

    /// <summary>Smallest reading.</summary>
    public double Minimum { get; private set; } = double.PositiveInfinity;

    /// <summary>Largest reading.</summary>
    public double Maximum { get; private set; } = double.NegativeInfinity;

    /// <summary>Time from the first reading to the last.</summary>
    public TimeSpan Over { get; private set; }

    /// <summary>Takes a reading; one that is not a finite number is left out.</summary>
    /// <param name="at">Time since the beginning.</param>
    /// <param name="value">The reading.</param>
    public void Add(TimeSpan at, double value)
    {
        if (!double.IsFinite(value))
        {
            return;
        }

        if (Count == 0)
        {
            First = value;
            _firstTime = at.TotalSeconds;
        }
        else if (counter && value < _previous)
        {
            _offset += _previous;
        }

        _previous = value;
        Last = value;
        Minimum = Math.Min(Minimum, value);
        Maximum = Math.Max(Maximum, value);
        Over = at - TimeSpan.FromSeconds(_firstTime);
        if (Count++ % _stride == 0)
        {
            _kept.Add((at.TotalSeconds, value + _offset));
        }

        if (_kept.Count > Capacity)
        {
            var place = 0;
            _kept.RemoveAll(_ => place++ % 2 == 1);
            _stride *= 2;
        }
    }

    /// <summary>Growth per hour by Theil and Sen, and Kendall's tau.</summary>
    /// <returns>Zero for both when there are not two readings at different times.</returns>
    public (double PerHour, double Trend) Growth()
    {
        var line = TheilSen.Of(_kept);
        return (line.Slope * 3600, line.Trend);
    }
}
