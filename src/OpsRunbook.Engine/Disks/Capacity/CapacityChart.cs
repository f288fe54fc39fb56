using System.Globalization;
using System.Text;
using System.Xml.Linq;

namespace OpsRunbook.Engine.Disks.Capacity;

/// <summary>Draws values over time.</summary>
internal static class CapacityChart
{
    private const string Blocks = "▁▂▃▄▅▆▇█";
    private const int Width = 640;
    private const int Height = 180;
    private const int Margin = 40;
    private const int DaysAhead = 30;
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    /// <summary>A line of blocks.</summary>
    /// <param name="values">Times and values, in order of time.</param>
    /// <param name="width">Most characters.</param>
    /// <returns>The line; empty without values. Parts of the time without a value are blank.</returns>
    public static string Text(IReadOnlyList<(DateTime Time, double Value)> values, int width)
    {
        if (values.Count == 0)
        {
            return string.Empty;
        }

        var (start, over) = (values[0].Time, values[^1].Time - values[0].Time);
        width = Math.Min(width, values.Count);
        var (least, most) = (values.Min(value => value.Value), values.Max(value => value.Value));
        var sums = new (double Sum, int Count)[width];
        foreach (var (time, value) in values)
        {
            var place = over > TimeSpan.Zero ? Math.Min(width - 1, (int)((time - start) / over * width)) : 0;
            sums[place] = (sums[place].Sum + value, sums[place].Count + 1);
        }

        var line = new StringBuilder(width);
        foreach (var (sum, count) in sums)
        {
            line.Append(count == 0 ? ' ' : most > least ? Blocks[(int)Math.Round(((sum / count) - least) / (most - least) * (Blocks.Length - 1))] : Blocks[0]);
        }

        return line.ToString();
    }

    /// <summary>A picture with a panel for each forecast: its values, its limits, and where it goes.</summary>
    /// <param name="panels">The forecasts with their values and limits.</param>
    /// <returns>SVG.</returns>
    public static string Draw(IReadOnlyList<(CapacityForecast Forecast, IReadOnlyList<(DateTime Time, double Value)> Values, Threshold? Limits)> panels)
    {
        var root = new XElement(
            Svg + "svg",
            new XAttribute("viewBox", $"0 0 {Width} {Math.Max(1, panels.Count) * Height}"),
            new XAttribute("font-family", "sans-serif"),
            new XAttribute("font-size", "11"));
        for (var i = 0; i < panels.Count; i++)
        {
            root.Add(Panel(panels[i].Forecast, panels[i].Values, panels[i].Limits, i * Height));
        }

        return root + "\n";
    }

    private static XElement Panel(CapacityForecast forecast, IReadOnlyList<(DateTime Time, double Value)> values, Threshold? limits, int top)
    {
        var panel = new XElement(Svg + "g", new XAttribute("transform", $"translate(0 {top})"));
        panel.Add(Label(Margin, 16, $"{forecast.Kind} {Display.Text(forecast.Target)} ({Display.Text(forecast.Host)}): {forecast.Message}"));
        if (values.Count == 0)
        {
            return panel;
        }

        var (start, end) = (values[0].Time, values[^1].Time.AddDays(DaysAhead));
        var most = limits is null ? Math.Max(1, Math.Max(values.Max(value => value.Value), forecast.ValueIn30Days ?? 0)) : 100;
        panel.Add(new XElement(
            Svg + "polyline", new XAttribute("fill", "none"), new XAttribute("stroke", "#1f6feb"), new XAttribute("points", string.Join(' ', values.Select(value => $"{X(value.Time)},{Y(value.Value)}")))));
        if (forecast.ValueIn30Days is { } ahead)
        {
            panel.Add(Line(X(values[^1].Time), Y(values[^1].Value), X(end), Y(ahead), "#1f6feb", dashed: true));
        }

        foreach (var (limit, colour) in new[] { (limits?.Warning, "#bf8700"), (limits?.Critical, "#cf222e") })
        {
            if (limit is { } value)
            {
                panel.Add(Line(X(start), Y(value), X(end), Y(value), colour, dashed: false), Label(4, Y(value), $"{Text(value)} %"));
            }
        }

        panel.Add(Label(Margin, Text(Height - 6), start.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)));
        panel.Add(Label(Width - Margin - 60, Text(Height - 6), end.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)));
        return panel;

        string X(DateTime time) => Text(Margin + ((time - start) / (end - start) * (Width - (2 * Margin))));

        string Y(double value) => Text(Height - Margin + 10 - (Math.Clamp(value / most, 0, 1) * (Height - (2 * Margin))));
    }

    private static XElement Label(int x, object y, string text) => new(Svg + "text", new XAttribute("x", x), new XAttribute("y", y), text);

    private static XElement Line(string x1, string y1, string x2, string y2, string colour, bool dashed) => new(
        Svg + "line",
        new XAttribute("x1", x1),
        new XAttribute("y1", y1),
        new XAttribute("x2", x2),
        new XAttribute("y2", y2),
        new XAttribute("stroke", colour),
        dashed ? new XAttribute("stroke-dasharray", "4 3") : null);

    private static string Text(double number) => number.ToString("0.#", CultureInfo.InvariantCulture);
}
