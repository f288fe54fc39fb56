using System.Globalization;
using System.Text;

namespace OpsRunbook.Engine.Health.Reports;

/// <summary>Prometheus text exposition format 0.0.4.</summary>
internal static class PrometheusReport
{
    public static string Write(IReadOnlyList<ServiceHealth> results)
    {
        var text = new StringBuilder();
        var checks = results.SelectMany(result => Named(result.Checks).Select(pair => (Member: result, Label: pair.Name, pair.Check))).ToList();
        Family(
            text,
            "opsrunbook_health_status",
            "Health of a member: 0 healthy, 1 warning, 2 critical, 3 unknown.",
            results.Select(result => (Labels(result), (double)result.Status)));
        Family(
            text,
            "opsrunbook_health_caused_by",
            "The member that another one's fault comes from.",
            results.Where(result => result.CausedBy is not null).Select(result => (Labels(result, ("caused_by", result.CausedBy!)), 1.0)));
        Family(
            text,
            "opsrunbook_health_checked_timestamp_seconds",
            "When the member was checked.",
            results.Select(result => (Labels(result), (result.CheckedAt - DateTime.UnixEpoch).TotalSeconds)));
        Family(
            text,
            "opsrunbook_check_status",
            "Result of one check: 0 healthy, 1 warning, 2 critical, 3 unknown.",
            checks.Select(check => (Labels(check.Member, ("check", check.Label)), (double)check.Check.Status)));
        Family(
            text,
            "opsrunbook_check_latency_seconds",
            "How long the check took to answer.",
            checks.Where(check => check.Check.Latency is not null).Select(check => (Labels(check.Member, ("check", check.Label)), check.Check.Latency!.Value.TotalSeconds)));

        // Prometheus wants one unit to a metric, and base units.
        var measurements = checks
            .SelectMany(check => check.Check.Measurements
                .DistinctBy(measurement => measurement.Name, StringComparer.Ordinal)
                .Select(measurement => (Labels: Labels(check.Member, ("check", check.Label), ("measurement", measurement.Name)), Measurement: measurement)))
            .ToLookup(pair => Suffix(pair.Measurement.Unit), StringComparer.Ordinal);
        foreach (var (suffix, factor) in new[] { (string.Empty, 1.0), ("_bytes", 1.0), ("_ratio", 0.01), ("_seconds", 1.0) })
        {
            Family(
                text,
                "opsrunbook_check_value" + suffix,
                "A reading of a check.",
                measurements[suffix].Select(pair => (pair.Labels, pair.Measurement.Value * factor)));
        }

        return text.ToString().TrimEnd('\n');
    }

    private static string Suffix(string unit) => unit switch
    {
        "s" => "_seconds",
        "B" => "_bytes",
        "%" => "_ratio",
        _ => string.Empty,
    };

    private static IEnumerable<(string Name, CheckResult Check)> Named(IReadOnlyList<CheckResult> checks)
    {
        var taken = new HashSet<string>(StringComparer.Ordinal);
        foreach (var check in checks)
        {
            var name = check.Name;
            for (var number = 2; !taken.Add(name); number++)
            {
                name = $"{check.Name} {number}";
            }

            yield return (name, check);
        }
    }

    private static void Family(StringBuilder text, string name, string help, IEnumerable<(string Labels, double Value)> samples)
    {
        var first = true;
        foreach (var (labels, value) in samples)
        {
            if (first)
            {
                text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} gauge\n");
                first = false;
            }

            text.Append(CultureInfo.InvariantCulture, $"{name}{{{labels}}} {Number(value)}\n");
        }
    }

    private static string Number(double value) => double.IsNaN(value) ? "NaN"
        : double.IsPositiveInfinity(value) ? "+Inf"
        : double.IsNegativeInfinity(value) ? "-Inf"
        : value.ToString("R", CultureInfo.InvariantCulture);

    private static string Labels(ServiceHealth result, params (string Name, string Value)[] more) => string.Join(
        ',',
        new[] { ("stack", result.Stack), ("name", result.Name), ("kind", result.Kind.ToString()), ("host", result.Host) }
            .Concat(more)
            .Select(label => $"{label.Item1}=\"{Escape(label.Item2)}\""));

    private static string Escape(string value) => value
        .Replace("\\", "\\\\", StringComparison.Ordinal)
        .Replace("\"", "\\\"", StringComparison.Ordinal)
        .Replace("\n", "\\n", StringComparison.Ordinal);
}
