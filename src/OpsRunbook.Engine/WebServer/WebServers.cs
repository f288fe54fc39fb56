namespace OpsRunbook.Engine.WebServer;

/// <summary>Finds web servers of a stack.</summary>
public static class WebServers
{
    /// <summary>The web servers that names mean.</summary>
    /// <param name="stack">The stack.</param>
    /// <param name="names">Names with wildcards; none means all.</param>
    /// <param name="output">Takes an error for each name that means nothing.</param>
    /// <returns>Names in the order of the stack.</returns>
    public static IReadOnlyList<string> Select(OpsStack stack, IReadOnlyList<string> names, IOperationOutput output)
    {
        ArgumentNullException.ThrowIfNull(stack);
        ArgumentNullException.ThrowIfNull(output);
        var filter = new NameFilter(names);
        var chosen = stack.WebServers.Keys.Where(name => filter.Includes(name)).ToList();
        foreach (var error in filter.Unused("WebServer.MemberNotFound", "web server"))
        {
            output.Error(error);
        }

        return chosen;
    }

    /// <summary>Throws when a web server is none whose configuration is understood.</summary>
    /// <param name="stack">The stack.</param>
    /// <param name="name">Name of the web server.</param>
    /// <exception cref="OpsException"><c>WebServer.MemberNotFound</c>, <c>WebServer.Unsupported</c>.</exception>
    internal static void RequireNginx(OpsStack stack, string name)
    {
        if (!stack.WebServers.TryGetValue(name, out var web))
        {
            throw new OpsException(
                "WebServer.MemberNotFound", OpsErrorKind.NotFound, $"The stack '{stack.Name}' has no web server '{name}'.", Nearest.Suggest(name, stack.WebServers.Keys), name);
        }

        if (web.Engine != "nginx")
        {
            throw new OpsException(
                "WebServer.Unsupported", OpsErrorKind.InvalidArgument, $"'{name}' is {web.Engine}; only the configuration of nginx is read and changed.", "Use that server's own tools.", name);
        }
    }
}
