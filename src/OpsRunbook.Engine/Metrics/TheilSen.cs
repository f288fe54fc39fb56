namespace OpsRunbook.Engine.Metrics;

/// <summary>
/// A line through values with outliers: its slope is the median of the slopes of all pairs (Theil 1950). The confidence interval is Sen's
/// (Journal of the American Statistical Association 63, 1968, pages 1379 to 1389), by the normal approximation of Kendall's statistic.
/// </summary>
/// <param name="Slope">Change of the value in one unit of x; 0 without two values at different places.</param>
/// <param name="Low">Lower end of the 95 % confidence interval.</param>
/// <param name="High">Upper end of it.</param>
/// <param name="Trend">Kendall's tau: -1 for always less, 1 for always more.</param>
public readonly record struct TheilSen(double Slope, double Low, double High, double Trend)
{
    // Two-sided, 95 %.
    private const double Quantile = 1.959964;

    /// <summary>Fits a line.</summary>
    /// <param name="values">The values with their places; the time for it grows with the square of their number.</param>
    /// <returns>The line.</returns>
    public static TheilSen Of(IReadOnlyList<(double X, double Y)> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        var slopes = new List<double>(values.Count * (values.Count - 1) / 2);
        var signs = 0;
        for (var i = 0; i < values.Count; i++)
        {
            for (var j = i + 1; j < values.Count; j++)
            {
                var distance = values[j].X - values[i].X;
                if (distance > 0)
                {
                    var difference = values[j].Y - values[i].Y;
                    slopes.Add(difference / distance);
                    signs += Math.Sign(difference);
                }
            }
        }

        if (slopes.Count == 0)
        {
            return default;
        }

        slopes.Sort();
        var middle = slopes.Count / 2;
        var median = slopes.Count % 2 == 1 ? slopes[middle] : (slopes[middle - 1] + slopes[middle]) / 2;
        var count = (double)values.Count;
        var spread = Quantile * Math.Sqrt(count * (count - 1) * ((2 * count) + 5) / 18);
        var low = (int)Math.Floor((slopes.Count - spread) / 2);
        var high = (int)Math.Ceiling((slopes.Count + spread) / 2);
        return new TheilSen(median, low < 0 ? double.NegativeInfinity : slopes[low], high >= slopes.Count ? double.PositiveInfinity : slopes[high], (double)signs / slopes.Count);
    }
}
