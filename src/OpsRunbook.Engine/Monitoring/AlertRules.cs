using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace OpsRunbook.Engine.Monitoring;

/// <summary>Makes rules for Prometheus of what a stack watches.</summary>
/// <param name="stack">The stack.</param>
/// <param name="scrapeInterval">How often Prometheus looks; with it "three checks in a row" becomes a time.</param>
public sealed class AlertRules(OpsStack stack, TimeSpan scrapeInterval)
{
    private static readonly TimeSpan UsualFor = TimeSpan.FromMinutes(5);

    private readonly IReadOnlyList<WatchedMetric> _metrics = WatchedMetric.Of(stack);

    /// <summary>The rules: the stack's alerts, and a warning and a critical one for every metric with limits that no alert is about.</summary>
    /// <param name="output">Takes a warning for each alert that cannot be written as a rule.</param>
    /// <returns>The rules in the order of the stack.</returns>
    public IReadOnlyList<AlertRule> Create(IOperationOutput output)
    {
        ArgumentNullException.ThrowIfNull(output);
        var rules = new List<AlertRule>();
        foreach (var (name, alert) in stack.Alerts)
        {
            if (Expression(alert) is { } expression)
            {
                rules.Add(new AlertRule(name, expression, alert.For ?? HealthFor(alert), Labels(alert.Severity, alert.Labels), alert.Description ?? name));
            }
            else
            {
                output.Warning($"The alert '{name}' is left out: it has neither an expression, nor a metric with one, nor a member with an address that a probe could ask.");
            }
        }

        var covered = stack.Alerts.Values.Select(alert => alert.Metric).OfType<string>().ToHashSet(StringComparer.OrdinalIgnoreCase);
        foreach (var metric in _metrics.Where(metric => metric.Query is not null && !covered.Contains(metric.Name)))
        {
            AddLimit(rules, metric, "Critical", metric.Definition.Critical, metric.Definition.CriticalBelow);
            AddLimit(rules, metric, "Warning", metric.Definition.Warning, metric.Definition.WarningBelow);
        }

        return rules;
    }

    /// <summary>A file of rules.</summary>
    /// <param name="rules">The rules.</param>
    /// <returns>YAML as <c>promtool check rules</c> takes it.</returns>
    public string Write(IReadOnlyList<AlertRule> rules)
    {
        ArgumentNullException.ThrowIfNull(rules);
        using var text = new StringWriter(CultureInfo.InvariantCulture) { NewLine = "\n" };
        var emitter = new Emitter(text, new EmitterSettings(bestIndent: 2, bestWidth: int.MaxValue, isCanonical: false, maxSimpleKeyLength: 1024));
        emitter.Emit(new StreamStart());
        emitter.Emit(new DocumentStart(null, null, isImplicit: true));
        emitter.Emit(new MappingStart());
        Emit("groups");
        emitter.Emit(new SequenceStart(default, default, isImplicit: true, SequenceStyle.Block));
        emitter.Emit(new MappingStart());
        Emit("name");
        Emit("opsrunbook-" + stack.Name, quoted: true);
        Emit("rules");
        emitter.Emit(new SequenceStart(default, default, isImplicit: true, SequenceStyle.Block));
        foreach (var rule in rules)
        {
            emitter.Emit(new MappingStart());
            Emit("alert");
            Emit(rule.Name, quoted: true);
            Emit("expr");
            Emit(rule.Expression, quoted: true);
            if (rule.For > TimeSpan.Zero)
            {
                Emit("for");
                Emit(((long)Math.Ceiling(rule.For.TotalSeconds)).ToString(CultureInfo.InvariantCulture) + "s");
            }

            Emit("labels");
            emitter.Emit(new MappingStart());
            foreach (var (name, value) in rule.Labels)
            {
                Emit(name);
                Emit(value, quoted: true);
            }

            emitter.Emit(new MappingEnd());
            Emit("annotations");
            emitter.Emit(new MappingStart());
            Emit("summary");

            // Braces would be read as a template.
            Emit(rule.Summary.Replace("{{", "{ {", StringComparison.Ordinal), quoted: true);
            emitter.Emit(new MappingEnd());
            emitter.Emit(new MappingEnd());
        }

        emitter.Emit(new SequenceEnd());
        emitter.Emit(new MappingEnd());
        emitter.Emit(new SequenceEnd());
        emitter.Emit(new MappingEnd());
        emitter.Emit(new DocumentEnd(isImplicit: true));
        emitter.Emit(new StreamEnd());
        return text.ToString();

        void Emit(string value, bool quoted = false) =>
            emitter.Emit(new Scalar(default, default, value, quoted ? ScalarStyle.DoubleQuoted : ScalarStyle.Any, isPlainImplicit: !quoted, isQuotedImplicit: true));
    }

    private void AddLimit(List<AlertRule> rules, WatchedMetric metric, string level, double? from, double? below)
    {
        if (Compare(metric.Query!, ">=", from) is { } above)
        {
            rules.Add(Limit(above));
        }

        if (Compare(metric.Query!, "<", below) is { } under)
        {
            rules.Add(Limit(under) with { Name = Name("Low") });
        }

        AlertRule Limit(string expression) => new(
            Name(string.Empty), expression, UsualFor, Labels(level.ToLowerInvariant(), new Dictionary<string, string>()), $"{metric.Definition.Description ?? metric.Name} ({level.ToLowerInvariant()})");

        string Name(string kind) => char.ToUpperInvariant(metric.Name[0]) + metric.Name[1..] + kind + level;
    }

    private string? Expression(StackAlert alert)
    {
        if (alert.Expression is { } own)
        {
            return own;
        }

        if (alert.Metric is { } name)
        {
            var query = _metrics.FirstOrDefault(metric => metric.Name.Equals(name, StringComparison.OrdinalIgnoreCase))?.Query;
            return query is null ? null : Compare(query, ">", alert.Above) ?? Compare(query, "<", alert.Below);
        }

        var certificates = alert.Members.Where(stack.Certificates.ContainsKey).Select(member => stack.Certificates[member].Endpoint).OfType<string>().ToList();
        return certificates.Count > 0
            ? Compare($"probe_ssl_earliest_cert_expiry{{instance=~{Pattern(certificates)}}} - time()", "<", alert.Below)
            : Probes(alert.Members);
    }

    // The addresses are instances of the blackbox exporter; where a member is scraped itself, up says it too.
    private string? Probes(List<string> members)
    {
        var addresses = members.SelectMany(Addresses).Distinct(StringComparer.Ordinal).ToList();
        var jobs = $"up{{job=~{Pattern(members)}}} == 0";
        return members.Count == 0 ? null : addresses.Count == 0 ? jobs : $"probe_success{{instance=~{Pattern(addresses)}}} == 0 or {jobs}";
    }

    private IEnumerable<string> Addresses(string member) =>
        (stack.Services.TryGetValue(member, out var service) ? service.Health : stack.WebServers.TryGetValue(member, out var server) ? server.Health : [])
            .Select(check => check.Url ?? check.Tcp).OfType<string>();

    private TimeSpan HealthFor(StackAlert alert) => alert.Failures is > 1 and var failures ? scrapeInterval * (failures - 1) : TimeSpan.Zero;

    private Dictionary<string, string> Labels(string? severity, IReadOnlyDictionary<string, string> more)
    {
        var labels = new Dictionary<string, string>(more, StringComparer.Ordinal);
        labels.TryAdd("stack", stack.Name);
        if (severity is not null)
        {
            labels.TryAdd("severity", severity);
        }

        return labels;
    }

    private static string? Compare(string query, string sign, double? limit) => limit is { } value
        ? $"({query}) {sign} {value.ToString("R", CultureInfo.InvariantCulture)}"
        : null;

    private static string Pattern(IEnumerable<string> values) =>
        "\"" + string.Join('|', values.Select(System.Text.RegularExpressions.Regex.Escape)).Replace("\\", @"\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + "\"";
}
