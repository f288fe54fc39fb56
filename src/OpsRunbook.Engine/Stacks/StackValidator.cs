using System.Collections;

namespace OpsRunbook.Engine.Stacks;

/// <summary>What must hold between the parts of a stack.</summary>
internal static class StackValidator
{
    private static readonly string[] MemberSections = ["services", "databases", "caches", "webServers"];
    private static readonly string[] CheckKeys = ["url", "tcp", "command"];
    private static readonly string[] RotationRoles = ["primary", "secondary"];

    /// <summary>Notes every reference to nothing, name used twice, circle and pair of limits that contradicts itself.</summary>
    public static void Validate(OpsStack stack, StackBinder binder, ConfigProblems problems)
    {
        var positions = binder.Positions;
        CheckReferences(stack, binder, problems);
        CheckNames(stack, positions, problems);
        CheckCycle(stack, positions, problems);
        CheckThresholds(stack, positions, problems);
        foreach (var (path, node) in positions.Where(position => position.Value.Entries is not null))
        {
            CheckChoice(path, node, problems);
        }
    }

    /// <summary>Names of the members in a section of the stack.</summary>
    public static IEnumerable<string> Names(OpsStack stack, string section) =>
        Array.Find(StackProperty.Of(typeof(OpsStack)), property => property.Key == section)?.Property.GetValue(stack) is IDictionary members
            ? members.Keys.Cast<string>()
            : [];

    private static void CheckReferences(OpsStack stack, StackBinder binder, ConfigProblems problems)
    {
        foreach (var use in binder.References)
        {
            var known = use.Sections.SelectMany(section => Names(stack, section)).ToList();
            if (use.Sections.Contains("hosts"))
            {
                known.Add(Hosts.LocalHost.LocalName);
            }

            if (use.Sections.Contains("contacts") && stack.Escalation?.Rotation is not null && !use.Path.Contains(".rotation.", StringComparison.Ordinal))
            {
                known.AddRange(RotationRoles);
            }

            if (!known.Contains(use.Name, StringComparer.Ordinal))
            {
                var isHost = use.Sections is ["hosts"];
                problems.Add(
                    isHost ? "Stack.HostUnknown" : "Stack.ReferenceUnknown",
                    use.Node,
                    use.Path,
                    $"{use.Path} names '{use.Name}', which is not in {string.Join(", ", use.Sections)}.",
                    Nearest.Find(use.Name, known) is { } nearest ? $"Did you mean '{nearest}'?" : $"Add it to {use.Sections[0]}, or write a name that is there.");
            }
        }
    }

    // dependsOn and -Name address members by name alone.
    private static void CheckNames(OpsStack stack, Dictionary<string, ConfigNode> positions, ConfigProblems problems)
    {
        var seen = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var section in MemberSections)
        {
            foreach (var name in Names(stack, section))
            {
                if (!seen.TryAdd(name, section))
                {
                    var path = $"{section}.{name}";
                    problems.Add("Stack.NameDuplicate", positions[path], path, $"{path} has the same name as {seen[name]}.{name}.", "Give each service, database, cache and web server its own name.");
                }
            }
        }
    }

    private static void CheckCycle(OpsStack stack, Dictionary<string, ConfigNode> positions, ConfigProblems problems)
    {
        if (DependencyGraph.FindCycle(DependencyGraph.Of(stack)) is { } cycle)
        {
            var path = MemberSections.Select(section => $"{section}.{cycle[0]}.dependsOn").First(positions.ContainsKey);
            problems.Add("Stack.DependencyCycle", positions[path], path, $"{path}: the members depend on each other in a circle: {string.Join(" → ", cycle)}.", "Remove one of these dependencies.");
        }
    }

    private static void CheckThresholds(OpsStack stack, Dictionary<string, ConfigNode> positions, ConfigProblems problems)
    {
        foreach (var property in StackProperty.Of(typeof(StackThresholds)))
        {
            Check($"thresholds.{property.Key}", (Threshold)property.Property.GetValue(stack.Thresholds)!);
        }

        foreach (var (name, metric) in stack.Metrics)
        {
            Check($"metrics.{name}", new Threshold(metric.Warning, metric.Critical));
        }

        foreach (var (name, certificate) in stack.Certificates.Where(certificate => certificate.Value.Warning < certificate.Value.Critical))
        {
            var path = $"certificates.{name}";
            problems.Add(
                "Stack.LimitsInverted",
                positions[path],
                path,
                $"{path}: critical at {Duration.Format(certificate.Critical)} left comes before the warning at {Duration.Format(certificate.Warning)}.",
                "The warning needs the longer time.");
        }

        void Check(string path, Threshold threshold)
        {
            if (threshold.Warning > threshold.Critical && positions.TryGetValue(path, out var node))
            {
                problems.Add("Stack.LimitsInverted", node, path, FormattableString.Invariant($"{path}: the warning limit {threshold.Warning} is above the critical one, {threshold.Critical}."), "Write both limits, the warning one first.");
            }
        }
    }

    private static void CheckChoice(string path, ConfigNode node, ConfigProblems problems)
    {
        var parts = path.Split('.');
        if (parts is ["hosts", _] && node.Find("ssh") is { IsNull: false } && node.Find("container") is { IsNull: false })
        {
            problems.Add("Stack.ValueInvalid", node, path, $"{path} has both ssh and container.", "A host is reached in one way; for a container on another machine write 'docker: ssh://…'.");
        }

        var isCheck = parts is [("services" or "webServers"), _, var last] && IsItem(last, "health")
            || parts is ["maintenance", var test] && IsItem(test, "smokeTests");
        if (isCheck && CheckKeys.All(key => node.Find(key) is null or { IsNull: true }))
        {
            problems.Add("Stack.KeyMissing", node, path, $"{path} checks nothing.", "Add 'url:', 'tcp:' or 'command:'.");
        }

        if (parts is ["certificates", _] && node.Find("endpoint") is null or { IsNull: true } && node.Find("file") is null or { IsNull: true })
        {
            problems.Add("Stack.KeyMissing", node, path, $"{path} names no certificate.", "Add 'endpoint:' or 'file:'.");
        }
    }

    private static bool IsItem(string part, string key) => part == key || part.StartsWith(key + "[", StringComparison.Ordinal);
}
