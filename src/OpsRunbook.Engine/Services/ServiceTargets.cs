using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Services;

/// <summary>Finds the members of a stack that managers run, and puts them in order.</summary>
public static class ServiceTargets
{
    /// <summary>Every member that a manager runs, in the order of the stack.</summary>
    /// <param name="stack">The stack.</param>
    /// <returns>The members.</returns>
    public static IReadOnlyList<ServiceTarget> Of(OpsStack stack)
    {
        ArgumentNullException.ThrowIfNull(stack);
        var targets = new List<ServiceTarget>();
        foreach (var (name, service) in stack.Services)
        {
            Add(name, MemberKind.Service, service.Manager, service.Host, service.Unit, service.ComposeFile, service.Project, service, null);
        }

        foreach (var (name, database) in stack.Databases)
        {
            Add(name, MemberKind.Database, database.Manager, database.Host, database.Unit, database.ComposeFile, database.Project, null, null);
        }

        foreach (var (name, cache) in stack.Caches)
        {
            Add(name, MemberKind.Cache, cache.Manager, cache.Host, cache.Unit, cache.ComposeFile, cache.Project, null, null);
        }

        foreach (var (name, server) in stack.WebServers)
        {
            Add(name, MemberKind.WebServer, server.Manager, server.Host, server.Unit, server.ComposeFile, server.Project, null, server);
        }

        return targets;

        void Add(
            string name,
            MemberKind kind,
            ServiceManagerKind? manager,
            string? host,
            string? unit,
            string? composeFile,
            string? project,
            StackService? service,
            StackWebServer? server)
        {
            if (manager is { } known)
            {
                // Of a host that is a container itself, the address is that of the engine around it.
                var endpoint = host is not null && stack.Hosts.GetValueOrDefault(host) is { Container: null } machine ? machine.Docker : null;
                var reference = new UnitReference(unit ?? name, composeFile, project, service?.User, service?.Pm2Home, endpoint);
                targets.Add(new ServiceTarget(name, kind, known, reference, host, service, server));
            }
        }
    }

    /// <summary>The members that names mean.</summary>
    /// <param name="stack">The stack.</param>
    /// <param name="names">Names with wildcards.</param>
    /// <param name="output">Takes an error for each name that means nothing.</param>
    /// <returns>The members in the order of the stack.</returns>
    public static IReadOnlyList<ServiceTarget> Select(OpsStack stack, IReadOnlyCollection<string> names, IOperationOutput output)
    {
        ArgumentNullException.ThrowIfNull(names);
        ArgumentNullException.ThrowIfNull(output);
        var all = Of(stack);
        var selected = new HashSet<ServiceTarget>();
        foreach (var name in names)
        {
            var found = all.Where(target => NameFilter.Fits(name, target.Name)).ToList();
            if (found.Count == 0)
            {
                output.Error(NotFound(stack, name, all));
            }

            selected.UnionWith(found);
        }

        return all.Where(selected.Contains).ToList();
    }

    /// <summary>One member that a manager runs.</summary>
    /// <param name="stack">The stack.</param>
    /// <param name="name">Its name.</param>
    /// <returns>The member.</returns>
    /// <exception cref="OpsException"><c>Service.NotManaged</c>, <c>Service.MemberNotFound</c>.</exception>
    public static ServiceTarget Get(OpsStack stack, string name)
    {
        var all = Of(stack);
        return all.FirstOrDefault(target => target.Name == name) ?? throw NotFound(stack, name, all);
    }

    /// <summary>Puts members in the order in which they are started: what they depend on comes first.</summary>
    /// <param name="stack">The stack, whose other members count as links between these.</param>
    /// <param name="targets">The members.</param>
    /// <returns>The members in order; those that do not depend on each other as they were.</returns>
    /// <exception cref="OpsException"><c>Service.DependencyCycle</c>, with the path.</exception>
    public static IReadOnlyList<ServiceTarget> InStartOrder(OpsStack stack, IReadOnlyList<ServiceTarget> targets)
    {
        ArgumentNullException.ThrowIfNull(targets);
        var graph = DependencyGraph.Of(stack);
        if (DependencyGraph.FindCycle(graph) is { } cycle)
        {
            throw new OpsException(
                "Service.DependencyCycle",
                OpsErrorKind.InvalidData,
                $"The members of the stack '{stack?.Name}' depend on each other in a circle: {string.Join(" → ", cycle)}.",
                "No order of starting is right for that. Take one 'dependsOn' out of the stack file.",
                cycle[0]);
        }

        var ordered = new List<ServiceTarget>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var target in targets)
        {
            Visit(target.Name);
        }

        return ordered;

        void Visit(string name)
        {
            // A loop instead of a recursion: a chain may be as long as the file allows.
            var work = new Stack<(string Name, bool Leaving)>([(name, false)]);
            while (work.TryPop(out var item))
            {
                if (item.Leaving)
                {
                    ordered.AddRange(targets.Where(target => target.Name == item.Name));
                }
                else if (seen.Add(item.Name))
                {
                    work.Push((item.Name, true));
                    foreach (var next in graph.GetValueOrDefault(item.Name)?.Reverse() ?? [])
                    {
                        work.Push((next, false));
                    }
                }
            }
        }
    }

    /// <summary>Everything that a member cannot work without, directly or by others.</summary>
    /// <param name="stack">The stack.</param>
    /// <param name="name">The member.</param>
    /// <returns>Names; without the member itself.</returns>
    public static IReadOnlySet<string> DependenciesOf(OpsStack stack, string name)
    {
        var graph = DependencyGraph.Of(stack);
        var found = new HashSet<string>(StringComparer.Ordinal);
        var open = new Queue<string>([name]);
        while (open.TryDequeue(out var next))
        {
            foreach (var dependency in (graph.GetValueOrDefault(next) ?? []).Where(found.Add))
            {
                open.Enqueue(dependency);
            }
        }

        found.Remove(name);
        return found;
    }

    private static OpsException NotFound(OpsStack stack, string name, IReadOnlyList<ServiceTarget> all)
    {
        var known = DependencyGraph.Of(stack).Keys.FirstOrDefault(member => NameFilter.Fits(name, member));
        return known is not null
            ? new OpsException(
                "Service.NotManaged",
                OpsErrorKind.InvalidArgument,
                $"'{known}' of the stack '{stack.Name}' has no manager, so it is only reached over the network and cannot be controlled.",
                "Give it 'manager' and, if its name differs, 'unit' in the stack file.",
                known)
            : new OpsException(
                "Service.MemberNotFound",
                OpsErrorKind.NotFound,
                $"The stack '{stack.Name}' has no service '{name}'.",
                Nearest.Suggest(name, all.Select(target => target.Name)) ?? "No member of it has a manager.",
                name);
    }
}
