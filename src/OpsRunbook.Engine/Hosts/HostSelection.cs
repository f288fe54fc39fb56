using System.IO.Enumeration;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Hosts;

/// <summary>The hosts that a command was asked to look at.</summary>
public sealed class HostSelection : IAsyncDisposable
{
    private const string Scheme = "ssh://";
    private readonly List<IHost> _own = [];

    private HostSelection()
    {
    }

    /// <summary>The hosts, each once.</summary>
    public IReadOnlyList<IHost> Hosts { get; private set; } = [];

    /// <summary>Opens hosts by their names. Nothing is connected yet.</summary>
    /// <param name="session">The stack in use.</param>
    /// <param name="names">Names with wildcards, or <c>ssh://</c> addresses; none for every host that the stack uses.</param>
    /// <param name="output">Takes an error for each name that fits nothing.</param>
    /// <returns>The hosts.</returns>
    public static HostSelection Open(StackSession session, IReadOnlyList<string> names, IOperationOutput output)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(names);
        ArgumentNullException.ThrowIfNull(output);
        var selection = new HostSelection();
        var hosts = new Dictionary<string, IHost>(StringComparer.Ordinal);
        var known = Used(session.Stack);
        foreach (var name in names.Count == 0 ? known : names)
        {
            try
            {
                selection.Add(name, known, session, hosts);
            }
            catch (OpsException error)
            {
                output.Error(error);
            }
        }

        selection.Hosts = [.. hosts.Values];
        return selection;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var host in _own)
        {
            await host.DisposeAsync();
        }
    }

    /// <summary>Hosts that a stack uses: those it names, and this machine when a member runs here or no host is named.</summary>
    /// <param name="stack">The stack.</param>
    /// <returns>Their names.</returns>
    public static IReadOnlyList<string> Used(OpsStack stack)
    {
        ArgumentNullException.ThrowIfNull(stack);
        IEnumerable<string?> members =
        [
            .. stack.Services.Values.Select(member => member.Host), .. stack.Databases.Values.Select(member => member.Host),
            .. stack.Caches.Values.Select(member => member.Host), .. stack.WebServers.Values.Select(member => member.Host),
        ];
        var here = stack.Hosts.Count == 0 || members.Any(host => host is null or LocalHost.LocalName);
        return (here ? stack.Hosts.Keys.Prepend(LocalHost.LocalName) : stack.Hosts.Keys).Distinct(StringComparer.Ordinal).ToList();
    }

    private void Add(string name, IReadOnlyList<string> known, StackSession session, Dictionary<string, IHost> hosts)
    {
        if (name.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            if (!hosts.ContainsKey(name))
            {
                var host = new SshHost(name[Scheme.Length..].TrimEnd('/'), name);
                _own.Add(host);
                hosts.Add(name, host);
            }

            return;
        }

        var matches = name.AsSpan().IndexOfAny('*', '?') < 0
            ? [known.FirstOrDefault(candidate => candidate.Equals(name, StringComparison.OrdinalIgnoreCase)) ?? name]
            : known.Where(candidate => FileSystemName.MatchesSimpleExpression(name, candidate)).ToList();
        if (matches.Count == 0)
        {
            throw new OpsException(
                "Stack.HostUnknown", OpsErrorKind.NotFound, $"No host of the stack '{session.Stack.Name}' fits '{name}'.", $"Its hosts are: {string.Join(", ", known)}.", name);
        }

        foreach (var match in matches)
        {
            hosts.TryAdd(match, session.Host(match));
        }
    }
}
