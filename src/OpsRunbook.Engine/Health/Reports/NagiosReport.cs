using System.Globalization;
using System.Text;

namespace OpsRunbook.Engine.Health.Reports;

/// <summary>
/// Plugin output by the Monitoring Plugins development guidelines: one line with the worst finding and
/// performance data, then a line for each member.
/// </summary>
internal static class NagiosReport
{
    public static string Write(IReadOnlyList<ServiceHealth> results)
    {
        if (results.Count == 0)
        {
            return "UNKNOWN - nothing was checked";
        }

        var worst = HealthStatuses.Worst(results.Select(result => result.Status));
        var text = new StringBuilder();
        text.Append(Word(worst)).Append(" - ").Append(Clean(Headline(results, worst)));
        var data = PerformanceData(results);
        if (data.Count > 0)
        {
            text.Append(" | ").AppendJoin(' ', data);
        }

        // One member is told by the first line already.
        if (results.Count > 1)
        {
            foreach (var result in results.OrderByDescending(result => Rank(result.Status)))
            {
                text.Append('\n').Append(Clean($"{Word(result.Status)}: {result.Name}: {result.Message}{Cause(result)}"));
            }
        }

        return text.ToString();
    }

    private static string Word(HealthStatus status) => status == HealthStatus.Healthy ? "OK" : status.ToString().ToUpperInvariant();

    private static int Rank(HealthStatus status) => status switch
    {
        HealthStatus.Critical => 3,
        HealthStatus.Warning => 2,
        HealthStatus.Unknown => 1,
        _ => 0,
    };

    private static string Headline(IReadOnlyList<ServiceHealth> results, HealthStatus worst)
    {
        if (results.Count == 1)
        {
            return $"{results[0].Name}: {results[0].Message}{Cause(results[0])}";
        }

        if (worst == HealthStatus.Healthy)
        {
            return $"{results.Count} members healthy";
        }

        // What others suffer from is the first thing to know.
        var first = results.Where(result => result.Status == worst).OrderBy(result => result.CausedBy is null ? 0 : 1).First();
        var counts = results
            .GroupBy(result => result.Status)
            .OrderByDescending(group => Rank(group.Key))
            .Select(group => $"{group.Count()} {group.Key.ToString().ToLowerInvariant()}");
        return $"{string.Join(", ", counts)} of {results.Count}: {first.Name}: {first.Message}{Cause(first)}";
    }

    private static string Cause(ServiceHealth result) => result.CausedBy is null ? string.Empty : $" (caused by {result.CausedBy})";

    // A bar begins performance data and a newline ends the line, wherever they stand.
    private static string Clean(string text) => Display.Text(text).Replace('|', '¦').Trim();

    private static List<string> PerformanceData(IReadOnlyList<ServiceHealth> results)
    {
        var taken = new HashSet<string>(StringComparer.Ordinal);
        var data = new List<string>();
        foreach (var result in results)
        {
            foreach (var check in result.Checks)
            {
                foreach (var measurement in check.Measurements.Where(measurement => double.IsFinite(measurement.Value)))
                {
                    data.Add(Datum(Unique($"{result.Name}.{check.Name}.{measurement.Name}", taken), measurement));
                }
            }
        }

        return data;
    }

    private static string Unique(string label, HashSet<string> taken)
    {
        // Equals signs and quotes are not allowed in a label, a bar would begin the data anew.
        label = Display.Text(label).Replace('=', '_').Replace('\'', '_').Replace('|', '_');
        var unique = label;
        for (var number = 2; !taken.Add(unique); number++)
        {
            unique = $"{label} {number}";
        }

        return unique.Contains(' ', StringComparison.Ordinal) ? $"'{unique}'" : unique;
    }

    private static string Datum(string label, Measurement measurement)
    {
        var text = $"{label}={Number(measurement.Value)}{Unit(measurement.Unit)};{Limit(measurement.Warning)};{Limit(measurement.Critical)};{Number(measurement.Minimum)};{Number(measurement.Maximum)}";
        return text.TrimEnd(';');
    }

    private static string Unit(string unit) => unit is "s" or "ms" or "us" or "B" or "KB" or "MB" or "GB" or "TB" or "%" or "c" ? unit : string.Empty;

    // "@10:" alerts from 10 on, ends included, as our limits do; a bare "10" would alert only above 10, and below 0 too.
    private static string Limit(double? limit) => Number(limit) is { Length: > 0 } number ? $"@{number}:" : string.Empty;

    private static string Number(double? value) => value is { } number && double.IsFinite(number)
        ? TryDecimal(number)?.ToString(CultureInfo.InvariantCulture) ?? number.ToString("F0", CultureInfo.InvariantCulture)
        : string.Empty;

    // Performance data knows no exponent.
    private static decimal? TryDecimal(double number) => Math.Abs(number) < 1e15 ? Math.Round((decimal)number, 9) : null;
}
