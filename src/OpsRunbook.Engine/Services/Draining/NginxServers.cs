using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Engine.WebServer;

namespace OpsRunbook.Engine.Services;

/// <summary>Drains in all that runs of one web server of the stack.</summary>
internal sealed class NginxServers : IAsyncDisposable
{
    private readonly NginxInstances _instances;
    private readonly List<(IHost Host, NginxDrain Drain)> _servers;

    private NginxServers(NginxInstances instances, string owner)
    {
        _instances = instances;
        _servers = instances.All.Select(instance => (instance.Host, new NginxDrain(instance.Host, instance.Target, owner, instance.Reload))).ToList();
    }

    /// <summary>Finds the web server.</summary>
    /// <param name="session">The stack in use.</param>
    /// <param name="name">Name of the web server.</param>
    /// <param name="service">The service that is drained.</param>
    /// <param name="owner">Name of its marks.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <returns>What was found; to be disposed.</returns>
    /// <exception cref="OpsException"><c>Drain.WebServerUnsupported</c>, <c>Drain.WebServerDown</c>.</exception>
    public static async Task<NginxServers> OpenAsync(StackSession session, string name, ServiceTarget service, string owner, CancellationToken cancellationToken)
    {
        var web = session.Stack.WebServers.GetValueOrDefault(name);
        if (web is not { Engine: "nginx" })
        {
            throw new OpsException(
                "Drain.WebServerUnsupported",
                OpsErrorKind.InvalidArgument,
                web is null ? $"The stack '{session.Stack.Name}' has no web server '{name}'." : $"'{name}' is {web.Engine}; only nginx can take '{service.Name}' out of its upstreams.",
                "Drain it by 'command' and 'resume' in the stack file instead.",
                service.Name);
        }

        var servers = new NginxServers(await NginxInstances.OpenAsync(session, name, cancellationToken), owner);
        return servers._servers.Count > 0
            ? servers
            : throw new OpsException(
                "Drain.WebServerDown", OpsErrorKind.OperationFailed, $"No container of '{name}' runs, in which '{service.Name}' could be marked down.", "Start it.", service.Name);
    }

    /// <summary>Marks servers down in each of them.</summary>
    /// <param name="choose">Picks the servers.</param>
    /// <param name="cancellationToken">Ends the work before a file is written.</param>
    /// <returns>The servers that are down now.</returns>
    public async Task<IReadOnlyList<UpstreamServer>> MarkAsync(
        Func<IHost, NginxUpstreams, Task<IReadOnlyList<UpstreamServer>>> choose, CancellationToken cancellationToken)
    {
        var marked = new List<UpstreamServer>();
        foreach (var (host, drain) in _servers)
        {
            marked.AddRange(await drain.MarkAsync(upstreams => choose(host, upstreams), cancellationToken));
        }

        return marked;
    }

    /// <summary>Takes the marks back in each of them.</summary>
    /// <param name="cancellationToken">Ends the work before a file is written.</param>
    /// <returns>A task that ends when all have reloaded.</returns>
    public async Task UnmarkAsync(CancellationToken cancellationToken)
    {
        foreach (var (_, drain) in _servers)
        {
            await drain.UnmarkAsync(cancellationToken);
        }

        // Only now: containers may share their configuration, and each of them is told by the comments.
        foreach (var (_, drain) in _servers)
        {
            await drain.FinishAsync();
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _instances.DisposeAsync();
}
