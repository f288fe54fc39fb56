namespace OpsRunbook.Engine.Hosts;

/// <summary>Names for the numbers of users.</summary>
internal static class UserNames
{
    /// <summary>Replaces each process's user number by its name: from <c>/etc/passwd</c>, else from the host's directory service.</summary>
    /// <param name="host">The host of the processes.</param>
    /// <param name="passwd">Content of its <c>/etc/passwd</c>.</param>
    /// <param name="processes">The processes.</param>
    /// <param name="cancellationToken">Ends the question.</param>
    /// <returns>The same processes with names where there are any.</returns>
    public static async Task<IReadOnlyList<HostProcess>> ResolveAsync(
        IHost host, string passwd, IReadOnlyList<HostProcess> processes, CancellationToken cancellationToken)
    {
        var users = ProcParser.ParseUsers(passwd);
        var unknown = processes.Select(process => process.User).Where(user => !users.ContainsKey(user)).Distinct().ToArray();
        if (unknown.Length > 0)
        {
            foreach (var (id, name) in await AskDirectoryAsync(host, unknown, cancellationToken))
            {
                users.TryAdd(id, name);
            }
        }

        return processes.Select(process => users.TryGetValue(process.User, out var name) ? process with { User = name } : process).ToList();
    }

    /// <summary>Asks the host's directory service.</summary>
    /// <param name="host">The host.</param>
    /// <param name="users">Names or numbers.</param>
    /// <param name="cancellationToken">Ends the question.</param>
    /// <returns>Names by number, of those that it knows.</returns>
    public static async Task<Dictionary<string, string>> AskDirectoryAsync(IHost host, string[] users, CancellationToken cancellationToken)
    {
        try
        {
            var command = new HostCommand(["getent", "passwd", .. users]) { Timeout = TimeSpan.FromSeconds(2) };
            return ProcParser.ParseUsers((await host.RunAsync(command, cancellationToken)).StandardOutput);
        }
        catch (OpsException)
        {
            // No getent (musl), or a directory that does not answer: the number is shown.
            return [];
        }
    }
}
