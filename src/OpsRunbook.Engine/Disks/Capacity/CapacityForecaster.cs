using System.Globalization;
using OpsRunbook.Engine.Metrics;

namespace OpsRunbook.Engine.Disks.Capacity;

/// <summary>Says of a series of values when it reaches its limits.</summary>
internal static class CapacityForecaster
{
    // Less shows the course of a day, not a growth.
    private const int FewestValues = 8;
    private static readonly TimeSpan ShortestTime = TimeSpan.FromDays(3);

    // As many as keep the fit quick; more are the medians of equal parts of the time.
    private const int MostValues = 200;
    private const int ChartWidth = 32;
    private const double Full = 100;
    private static readonly TimeSpan Horizon = TimeSpan.FromDays(3650);
    private static readonly TimeSpan Near = TimeSpan.FromDays(30);
    private static readonly TimeSpan Imminent = TimeSpan.FromDays(7);

    /// <summary>Looks ahead.</summary>
    /// <param name="series">The values.</param>
    /// <param name="limits">Warning and critical; null for none.</param>
    /// <param name="now">The present moment, UTC.</param>
    /// <returns>The forecast.</returns>
    public static CapacityForecast Of(CapacitySeries series, Threshold? limits, DateTime now)
    {
        var values = Thin(series.Values.Where(value => double.IsFinite(value.Value)).ToList());
        var over = values.Count == 0 ? TimeSpan.Zero : values[^1].Time - values[0].Time;
        var known = new CapacityForecast
        {
            Status = HealthStatus.Unknown,
            Kind = series.Kind,
            Host = series.Host,
            Target = series.Target,
            Source = series.Source,
            Value = values.Count == 0 ? null : values[^1].Value,
            Points = series.Values.Count,
            Since = values.Count == 0 ? null : values[0].Time,
            Chart = CapacityChart.Text(values, ChartWidth),
            Message = $"not enough data: {series.Values.Count} {(series.Values.Count == 1 ? "value" : "values")} over {Duration.Format(over)}; {FewestValues} over {Duration.Format(ShortestTime)} are needed",
        };
        if (values.Count < FewestValues || over < ShortestTime)
        {
            // What is reached already needs no forecast.
            return known with { Status = known.Value is { } value && Judge(value, limits) is var reached and not HealthStatus.Healthy ? reached : HealthStatus.Unknown };
        }

        var line = TheilSen.Of(values.ConvertAll(value => ((value.Time - values[0].Time).TotalDays, value.Value)));
        var last = values[^1];
        var isClear = line.Low > 0;
        var full = limits is null ? (double?)null : Full;
        var forecast = known with
        {
            GrowthPerDay = line.Slope,
            GrowthLow = Finite(line.Low),
            GrowthHigh = Finite(line.High),
            WarningAt = isClear ? Reaches(last, limits?.Warning, line.Slope, now) : null,
            CriticalAt = isClear ? Reaches(last, limits?.Critical, line.Slope, now) : null,
            FullAt = isClear ? Reaches(last, full, line.Slope, now) : null,
            FullEarliest = Reaches(last, full, line.High, now),
            FullLatest = isClear ? Reaches(last, full, line.Low, now) : null,
            ValueIn30Days = Math.Max(0, last.Value + (line.Slope * Near.TotalDays)),
        };
        var status = Judge(last.Value, limits);
        status = forecast.FullAt < now + Imminent ? HealthStatus.Critical
            : status == HealthStatus.Healthy && forecast.CriticalAt < now + Near ? HealthStatus.Warning
            : status;
        return forecast with { Status = status, Message = Words(forecast, line) };
    }

    private static HealthStatus Judge(double value, Threshold? limits) =>
        value >= limits?.Critical ? HealthStatus.Critical : value >= limits?.Warning ? HealthStatus.Warning : HealthStatus.Healthy;

    // From the last value, not from the line: after a clean-up the line is far above it.
    private static DateTime? Reaches((DateTime Time, double Value) last, double? limit, double perDay, DateTime now)
    {
        if (limit is not { } value)
        {
            return null;
        }

        if (last.Value >= value)
        {
            return last.Time;
        }

        var days = (value - last.Value) / perDay;
        return perDay > 0 && days < Horizon.TotalDays && last.Time.AddDays(days) is var at ? (at > now ? at : now) : null;
    }

    private static string Words(CapacityForecast forecast, TheilSen line)
    {
        if (line.Low <= 0)
        {
            return line.High < 0 ? "it shrinks" : "no clear growth";
        }

        var growth = forecast.Kind == CapacityKind.Database
            ? ByteSize.Format((long)line.Slope)
            : line.Slope.ToString("0.##", CultureInfo.InvariantCulture) + " %";
        return forecast switch
        {
            { Kind: CapacityKind.Database } => $"{growth} a day; no limit is known",
            { FullAt: { } at } => $"{growth} a day: full on {at.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}",
            _ => $"{growth} a day: not full within ten years",
        };
    }

    private static double? Finite(double value) => double.IsFinite(value) ? value : null;

    private static List<(DateTime Time, double Value)> Thin(List<(DateTime Time, double Value)> values)
    {
        if (values.Count <= MostValues)
        {
            return values;
        }

        var part = (values[^1].Time - values[0].Time) / MostValues;
        return values
            .GroupBy(value => Math.Min(MostValues - 1, (int)((value.Time - values[0].Time) / part)))
            .Select(group => group.OrderBy(value => value.Value).ElementAt(group.Count() / 2))
            .OrderBy(value => value.Time)
            .ToList();
    }
}
