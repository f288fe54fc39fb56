namespace OpsRunbook.Engine.Stacks;

/// <summary>Who depends on whom.</summary>
public static class DependencyGraph
{
    /// <summary>The first circle among the dependencies.</summary>
    /// <param name="edges">Names with the names that they depend on.</param>
    /// <returns>The names on the circle, the first one repeated at the end; null when there is none.</returns>
    public static IReadOnlyList<string>? FindCycle(IReadOnlyDictionary<string, IReadOnlyList<string>> edges)
    {
        ArgumentNullException.ThrowIfNull(edges);

        // Without recursion: a chain may be as long as the file allows, and the stack is not.
        var done = new HashSet<string>(StringComparer.Ordinal);
        foreach (var start in edges.Keys)
        {
            var path = new List<string>();
            var open = new HashSet<string>(StringComparer.Ordinal);
            var work = new Stack<(string Name, bool Leaving)>([(start, false)]);
            while (work.TryPop(out var item))
            {
                if (item.Leaving)
                {
                    open.Remove(item.Name);
                    done.Add(item.Name);
                    path.RemoveAt(path.Count - 1);
                }
                else if (open.Contains(item.Name))
                {
                    return [.. path.SkipWhile(name => name != item.Name), item.Name];
                }
                else if (!done.Contains(item.Name))
                {
                    open.Add(item.Name);
                    path.Add(item.Name);
                    work.Push((item.Name, true));
                    foreach (var next in edges.GetValueOrDefault(item.Name)?.Reverse() ?? [])
                    {
                        work.Push((next, false));
                    }
                }
            }
        }

        return null;
    }

    /// <summary>The dependencies between the members of a stack.</summary>
    /// <param name="stack">The stack.</param>
    /// <returns>Each member with the members that it depends on.</returns>
    public static IReadOnlyDictionary<string, IReadOnlyList<string>> Of(OpsStack stack)
    {
        ArgumentNullException.ThrowIfNull(stack);
        var edges = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        var all = stack.Services.Select(member => (member.Key, member.Value.DependsOn))
            .Concat(stack.Databases.Select(member => (member.Key, member.Value.DependsOn)))
            .Concat(stack.Caches.Select(member => (member.Key, member.Value.DependsOn)))
            .Concat(stack.WebServers.Select(member => (member.Key, member.Value.DependsOn)));
        foreach (var (name, dependsOn) in all)
        {
            edges[name] = dependsOn;
        }

        return edges;
    }
}
