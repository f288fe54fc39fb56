namespace OpsRunbook.Engine.Stacks;

/// <summary>Picks members of one kind from a stack by their names.</summary>
internal static class MemberSelection
{
    /// <summary>The members that names fit.</summary>
    /// <typeparam name="T">Kind of member.</typeparam>
    /// <param name="stack">The stack.</param>
    /// <param name="members">Its members of that kind.</param>
    /// <param name="names">Names with wildcards; none for all.</param>
    /// <param name="kind">What they are called in messages: <c>cache</c>.</param>
    /// <param name="errorId">Id of the failures: <c>Cache.NotFound</c>.</param>
    /// <param name="scheme">Begin of an address that could be given instead: <c>redis://host:6379</c>.</param>
    /// <param name="output">Takes an error for each name that fits nothing.</param>
    /// <returns>The members in the stack's order, each once.</returns>
    /// <exception cref="OpsException">The stack has no member of that kind at all.</exception>
    public static IReadOnlyList<KeyValuePair<string, T>> Choose<T>(
        OpsStack stack, IReadOnlyDictionary<string, T> members, IReadOnlyList<string> names, string kind, string errorId, string scheme, IOperationOutput output)
    {
        if (members.Count == 0)
        {
            throw new OpsException(
                errorId,
                OpsErrorKind.NotFound,
                $"The stack '{stack.Name}' has no {kind}.",
                $"Add one to the stack file, or give an address with -Uri {scheme}.");
        }

        var chosen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var wanted in names)
        {
            var fitting = members.Keys.Where(key => NameFilter.Fits(wanted, key)).ToList();
            if (fitting.Count == 0)
            {
                output.Error(new OpsException(
                    errorId, OpsErrorKind.NotFound, $"The stack '{stack.Name}' has no {kind} '{wanted}'.", Nearest.Suggest(wanted, members.Keys), wanted));
            }

            chosen.UnionWith(fitting);
        }

        return members.Where(pair => names.Count == 0 || chosen.Contains(pair.Key)).ToList();
    }
}
